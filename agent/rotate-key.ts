/**
 * EDGE: a member's key is changed: `cloister agent rotate-key` for its own, which the old key signs for; `cloister agent
 * revoke` for another member's that is lost or stolen. A running agent goes on with the new key by itself.
 */
import type { Command } from "commander";
import { toHex } from "../shared/base/bytes.ts";
import { badInput, CloisterError } from "../shared/base/errors.ts";
import { Charter, charterHash, parseOrRefuse } from "../shared/charter/charter.ts";
import { revocationsRequired, signRotation } from "../shared/charter/key-change.ts";
import { MemberStatement, signStatement } from "../shared/charter/member-statement.ts";
import { keysOf, type RosterAnswer } from "../shared/charter/roster.ts";
import { fingerprint, type Identity, identityFromSecret } from "../shared/crypto/identity.ts";
import { osClock, osRng } from "../shared/edge/os.ts";
import { print, printJson } from "../shared/edge/terminal.ts";
import { hasLeft } from "./enrol.ts";
import { memberHttp } from "./member-http.ts";
import { asMember, type MemberOptions } from "./options.ts";
import { askRoster, tell } from "./roster.ts";
import { Vault } from "./vault.ts";

export function keyCommands(agent: Command): void {
  asMember(agent.command("rotate-key"), "cloister agent rotate-key --folder bank-1")
    .description("replace this member's identity key by a new one, which the old one signs for")
    .action(rotateKey);
  asMember(
    agent.command("revoke"),
    'cloister agent revoke bank-2 --reason "their vault was stolen" --folder bank-1',
  )
    .description("sign that another member's key is lost or stolen; enough members end it")
    .argument("<member>", "whose key it is")
    .requiredOption("--reason <text>", "told to the other members")
    .action(revoke);
}

/** The new key is durable here before anybody hears of it; run again, it goes on where it was. */
async function rotateKey(options: MemberOptions): Promise<void> {
  const { folder, json } = options;
  const vault = Vault.openExisting(folder);
  try {
    const { memberId, charter: text } = vault.enrolment();
    if (vault.leaving()) throw hasLeft(folder);
    const charter = parseOrRefuse(Charter, JSON.parse(text), "the charter in the vault");
    const old = identityFromSecret(vault.identitySecret(osRng));
    const next = identityFromSecret(vault.keys.nextSecret(osRng));
    const rotation = signRotation(charterHash(charter), memberId, old, next);
    await tellOnce(vault, options, next, rotation);
    vault.keys.adoptNext(toHex(old.publicKey), toHex(next.publicKey));
    const [before, after] = [fingerprint(old.publicKey), fingerprint(next.publicKey)];
    if (json) return printJson({ memberId, before, after });
    print(`The key of ${memberId} is now ${after}; ${before} signed for it and is deleted.`);
    print(
      "The other members' agents follow by themselves, from their copies of the room's history.",
    );
  } finally {
    vault.close();
  }
}

/** A coordinator that knows the old key no more may have heard of the new one before a crash here. */
async function tellOnce(
  vault: Vault,
  { ca: caPath, allowPlain }: MemberOptions,
  next: Identity,
  rotation: ReturnType<typeof signRotation>,
): Promise<void> {
  const path = `/v1/members/${encodeURIComponent(rotation.memberId)}/keys`;
  try {
    await memberHttp(vault, { caPath, allowPlain }).post(path, rotation);
  } catch (error) {
    if (!(error instanceof CloisterError) || error.code !== "audit.notEnrolled") throw error;
    const { roster } = await memberHttp(vault, { caPath, allowPlain }, next)
      .get<RosterAnswer>("/v1/roster")
      .catch(() => ({ roster: [] }));
    if (keysOf(roster).get(rotation.memberId) !== rotation.identityKey) throw error;
  }
}

/** From now on this member's own agent works with that key no more, whatever the others say. */
async function revoke(about: string, options: MemberOptions & { reason: string }): Promise<void> {
  const vault = Vault.openExisting(options.folder);
  try {
    const { memberId, charter: text } = vault.enrolment();
    if (vault.leaving()) throw hasLeft(options.folder);
    const charter = parseOrRefuse(Charter, JSON.parse(text), "the charter in the vault");
    if (about === memberId)
      throw badInput(
        "revoke.own",
        "a member's own key is rotated (cloister agent rotate-key); if it is lost, the others revoke it",
      );
    const { charterHash: hash, roster } = await askRoster(vault, options);
    const identityKey = keysOf(roster).get(about);
    if (identityKey === undefined)
      throw badInput("member.unknown", `${about} has no key in room "${charter.room}" (any more)`);
    const said = { kind: "keyRevoked", about, identityKey, reason: options.reason } as const;
    const who = { charterHash: hash, memberId, atMs: osClock.nowMs() };
    const identity = identityFromSecret(vault.identitySecret(osRng));
    const signed = signStatement({ ...said, ...who }, identity);
    const statement = parseOrRefuse(MemberStatement, signed, "the statement");
    vault.keys.revoke(identityKey);
    await tell(vault, options, statement);
    if (options.json) return printJson(statement);
    const required = revocationsRequired(charter);
    print(`${memberId} revokes the key of ${about}; its own agent works with it no more.`);
    print(`Once ${required} members have said so, nobody's does, and ${about} has to enrol anew.`);
  } finally {
    vault.close();
  }
}
