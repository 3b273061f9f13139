/**
 * EDGE: `cloister agent amendment`: what a proposed amendment changes, from this agent's own copy of the room's history;
 * and this member's word on it. The data are held against the new charter before anything is signed.
 */
import { existsSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import type { Command } from "commander";
import { toHex } from "../shared/base/bytes.ts";
import { badInput, CloisterError, EXIT } from "../shared/base/errors.ts";
import {
  AmendmentWord,
  type ProposedAmendment,
  refuseAmendment,
  signAmendment,
} from "../shared/charter/amendment.ts";
import { changesOf } from "../shared/charter/amendment-changes.ts";
import { parseOrRefuse } from "../shared/charter/charter.ts";
import { identityFromSecret } from "../shared/crypto/identity.ts";
import { amendmentLines } from "../shared/edge/amendment-lines.ts";
import { editionLines } from "../shared/edge/edition-lines.ts";
import { readSmallFile } from "../shared/edge/files.ts";
import { osClock, osRng } from "../shared/edge/os.ts";
import { print, printJson } from "../shared/edge/terminal.ts";
import { keysPresent, openAmendment, type RoomState } from "../shared/transcript/room/state.ts";
import { unlessGrowing } from "./audit/growing.ts";
import { ownKnowledge } from "./audit/knowledge.ts";
import { verified } from "./audit/verify.ts";
import { hasLeft, readOnce } from "./enrol.ts";
import { memberHttp } from "./member-http.ts";
import { asMember, type MemberOptions } from "./options.ts";
import { ledgerPlaceOf, populationOf } from "./places.ts";
import { copyPath } from "./transcript-copy.ts";
import { Vault } from "./vault.ts";

const ARRIVAL_MS = 3000;
/** Digits of the hash that is typed: as many as nobody finds another amendment for. */
const DIGITS_MIN = 16;

interface Options extends MemberOptions {
  readonly sign?: string;
  readonly refuse?: string;
  readonly reason?: string;
}

export function amendmentCommand(agent: Command): void {
  asMember(
    agent.command("amendment"),
    "cloister agent amendment --sign 3f9a12bc45de67f0 --folder bank-1",
  )
    .description("see what a proposed amendment of the charter changes; then sign or refuse it")
    .option("--sign <hash>", "sign the amendment that was shown, by its hash: 16 digits or more")
    .option("--refuse <hash>", "refuse it, which ends the proposal")
    .option("--reason <text>", "with --refuse: why; told to the other members")
    .action(amendment);
}

async function amendment(options: Options): Promise<void> {
  const { folder, sign, refuse } = options;
  if (sign !== undefined && refuse !== undefined)
    throw badInput("amendment.both", "--sign and --refuse contradict each other; give one");
  const hash = sign ?? refuse;
  const state = await arrived(folder);
  const open = openAmendment(state, osClock.nowMs())?.proposed ?? null;
  if (sign !== undefined && takesUp(state, sign, options)) return;
  if (hash !== undefined) return say(requireShown(open, hash), options);
  if (open) return show(state, open, options);
  if (options.json) return printJson({ room: state.room, charterHash: state.charterHash, open });
  for (const line of editionLines(state)) print(line);
  if (!showLost(state, options)) print("No amendment is open.");
}

/** The first edition that is in force without a signature that this vault gave. @returns Whether there is one. */
function showLost({ editions, amendments }: RoomState, { folder }: Options): boolean {
  const judged = ownKnowledge(folder).judge(editions);
  if (judged.type !== "notSigned") return false;
  const [before, after] = editions.slice(judged.edition - 2, judged.edition);
  const lost = amendments.find(
    ({ proposed }) => proposed.amendmentHash === after?.amended?.amendmentHash,
  );
  if (!before || !after || !lost) return false;
  const changes = changesOf(before.charter, after.charter);
  for (const line of amendmentLines(lost.proposed, changes, [])) print(line);
  print(
    "It is in force, and this vault has no signature of its member under it. Only if your people did sign it,",
  );
  print(
    `and the folder was restored since: cloister agent amendment --sign ${lost.proposed.amendmentHash.slice(0, DIGITS_MIN)}`,
  );
  return true;
}

/**
 * A vault that was restored from a backup may have forgotten a signature. If the history has it, with this member's key,
 * a person may say so again: the hash is that of an amendment in force.
 */
function takesUp({ amendments }: RoomState, hash: string, { folder, json }: Options): boolean {
  const inForce = amendments.filter(({ phase }) => phase === "inForce");
  const one = inForce.find(({ proposed }) => isHash(hash, proposed.amendmentHash))?.proposed;
  if (!one) return false;
  const vault = Vault.openExisting(folder);
  try {
    const word = one.words.get(vault.enrolment().memberId);
    const trail = vault.keys.trailOf(own(vault).identityKey);
    if (word?.decision !== "signed" || !trail.includes(word.identityKey))
      throw new CloisterError(
        "amendment.not-own",
        "the room's history has no signature of this member's key under the amendment: find out who signed it",
        EXIT.refused,
      );
    vault.charters.say(one.amendment, word);
    if (json) printJson(word);
    else
      print(
        `Edition ${one.amendment.edition} was signed by this member, and is taken up here again; start the agent anew.`,
      );
    return true;
  } finally {
    vault.close();
  }
}

const isHash = (typed: string, hash: string): boolean =>
  typed.length >= DIGITS_MIN && hash.startsWith(typed);

/** One that was proposed just now may be on its way to the agent. */
async function arrived(folder: string): Promise<RoomState> {
  const until = osClock.nowMs() + ARRIVAL_MS;
  const { trust } = ownKnowledge(folder);
  const path = copyPath(folder);
  if (!existsSync(path))
    throw badInput("transcript.none", `${path}: this agent has no copy of its room's history yet`);
  for (;;) {
    // Not held against the vault's own signatures: one that it has lost is what this command can bring back.
    const { state } = await unlessGrowing(path, () => verified(path, readSmallFile(path), trust));
    const nowMs = osClock.nowMs();
    if (openAmendment(state, nowMs) || nowMs >= until) return state;
    await setTimeout(ARRIVAL_MS / 6);
  }
}

/** Between showing and signing another may have been put in its place. */
function requireShown(open: ProposedAmendment | null, hash: string): ProposedAmendment {
  if (!open)
    throw badInput(
      "amendment.none",
      "no amendment is open in this agent's copy of the room's history; is the agent running?",
    );
  if (isHash(hash, open.amendmentHash)) return open;
  const why =
    hash.length < DIGITS_MIN
      ? `give ${DIGITS_MIN} digits of the amendment's hash or more`
      : "the open amendment is another one; look at it first";
  throw badInput("amendment.other-hash", `${hash}: ${why} (cloister agent amendment)`);
}

function show(state: RoomState, open: ProposedAmendment, { folder, json }: Options): void {
  const changes = changesOf(state.charter, open.charter);
  const present = [...keysPresent(state).keys()];
  const vault = Vault.openExisting(folder);
  try {
    const { identityKey } = own(vault);
    const said = vault.charters.wordOn(open.amendmentHash, identityKey)?.decision ?? null;
    const { amendment: whole, amendmentHash, charterHash, words } = open;
    if (json) {
      const told = [...words.values()];
      return printJson({
        amendmentHash,
        charterHash,
        amendment: whole,
        changes,
        words: told,
        said,
      });
    }
    for (const line of amendmentLines(open, changes, present)) print(line);
    if (said !== null) return print(`This member has ${said} it, and its word stands.`);
    const digits = amendmentHash.slice(0, DIGITS_MIN);
    print(`Sign it:   cloister agent amendment --sign ${digits} --folder ${folder}`);
    print(
      `Refuse it: cloister agent amendment --refuse ${digits} --reason TEXT --folder ${folder}`,
    );
  } finally {
    vault.close();
  }
}

/** First it is so here, whether the coordinator hears of it or not; said again, it is the same word. */
async function say(open: ProposedAmendment, options: Options): Promise<void> {
  const { folder, ca: caPath, allowPlain, json, refuse } = options;
  const vault = Vault.openExisting(folder);
  try {
    if (vault.leaving()) throw hasLeft(folder);
    const word =
      refuse === undefined ? await signed(vault, open, folder) : refused(vault, open, options);
    const standing = vault.charters.say(open.amendment, word);
    if (standing.decision !== word.decision)
      throw new CloisterError(
        "amendment.said",
        `this member has ${standing.decision} the amendment before, and its word stands`,
        EXIT.refused,
      );
    const path = `/v1/members/${encodeURIComponent(word.memberId)}/amendments`;
    await memberHttp(vault, { caPath, allowPlain }).post(path, standing);
    if (json) return printJson(standing);
    const { edition } = open.amendment;
    print(`Edition ${edition} of the charter is ${word.decision} by ${word.memberId}.`);
    if (word.decision === "signed")
      print("It comes into force, between runs, once all members have signed it.");
  } finally {
    vault.close();
  }
}

const own = (vault: Vault) => {
  const identity = identityFromSecret(vault.identitySecret(osRng));
  return { identity, identityKey: toHex(identity.publicKey) };
};

function refused(vault: Vault, open: ProposedAmendment, { reason }: Options): AmendmentWord {
  if (reason === undefined)
    throw badInput("amendment.reason", "--reason TEXT: why, for the other members");
  const { memberId } = vault.enrolment();
  const said = { memberId, reason, atMs: osClock.nowMs() };
  const word = refuseAmendment(open, said, own(vault).identity);
  return parseOrRefuse(AmendmentWord, word, "the word on the amendment");
}

/** @throws {CloisterError} If it leaves this member out, or its data do not fit the new charter. */
async function signed(
  vault: Vault,
  open: ProposedAmendment,
  folder: string,
): Promise<AmendmentWord> {
  const { memberId } = vault.enrolment();
  if (!open.charter.members.includes(memberId))
    throw new CloisterError(
      "amendment.left-out",
      `the new charter leaves ${memberId} out: leave the room (cloister agent leave), or refuse it`,
      EXIT.refused,
    );
  await checkData(vault, open, folder);
  return signAmendment(open, memberId, osClock.nowMs(), own(vault).identity);
}

/** As on enrolment: a table or a ledger that does not fit would stop this agent once the charter is in force. */
async function checkData(
  vault: Vault,
  { charter }: ProposedAmendment,
  folder: string,
): Promise<void> {
  const enrolment = vault.enrolment();
  const population = populationOf(enrolment);
  const ledger = ledgerPlaceOf(enrolment, folder);
  const { rowCount } = await readOnce(charter, { ...enrolment, population, ledger });
  if (rowCount < charter.minimums.rows)
    throw badInput(
      "data.too-few-rows",
      `${enrolment.dataPath}: ${rowCount} rows; the new charter asks for at least ${charter.minimums.rows}: refuse it, or add rows`,
    );
}
