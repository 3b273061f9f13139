/**
 * EDGE: the roster and its one code, which the members' people compare by telephone. What the coordinator tells is
 * checked against the charter and believed no further: who is whom only the code can show.
 */
import type { Command } from "commander";
import { toHex } from "../shared/base/bytes.ts";
import { badInput, CloisterError, EXIT } from "../shared/base/errors.ts";
import { Charter, parseOrRefuse } from "../shared/charter/charter.ts";
import { keyEndMs } from "../shared/charter/governance.ts";
import { type MemberStatement, signStatement } from "../shared/charter/member-statement.ts";
import {
  keysOf,
  RosterAnswer,
  rosterCode,
  rosterFaults,
  rosterHash,
} from "../shared/charter/roster.ts";
import { identityFromSecret } from "../shared/crypto/identity.ts";
import { parseSpokenCode } from "../shared/crypto/spoken-code.ts";
import { osClock, osRng } from "../shared/edge/os.ts";
import { memberLines } from "../shared/edge/roster-lines.ts";
import { print, printJson } from "../shared/edge/terminal.ts";
import { memberHttp } from "./member-http.ts";
import { asMember, type MemberOptions } from "./options.ts";
import { Vault } from "./vault.ts";

export function rosterCommands(agent: Command): void {
  const roster = agent.command("roster");
  asMember(roster, "cloister agent roster --folder bank-1")
    .description("show every member's key, and the code of the whole roster to read to the others")
    .action(showRoster);
  asMember(
    roster.command("confirm"),
    "cloister agent roster confirm 21974 04412 88163 50927 61350 77218 --folder bank-1",
  )
    .description("pin the roster's keys, after hearing the code from the other members")
    .argument("<code...>", "what the others read out: not what is on this screen")
    // Options that "roster" has as well are taken there, wherever they stand.
    .action((code: string[], _, command: Command) =>
      confirm(code.join(" "), command.optsWithGlobals<MemberOptions>()),
    );
}

async function showRoster(options: MemberOptions): Promise<void> {
  const vault = Vault.openExisting(options.folder);
  try {
    const answer = await askRoster(vault, options);
    await tellAgain(vault, options, answer);
    const { room, charterHash, roster } = answer;
    const hash = rosterHash(charterHash, roster);
    const code = rosterCode(hash);
    const stateOf = stateIn(vault, charterIn(vault));
    if (options.json) {
      const members = roster.map((member) => ({ ...member, state: stateOf(member) }));
      return printJson({ ...answer, roster: members, rosterHash: hash, code });
    }
    print(`Room ${room}, charter ${charterHash.slice(0, 16)}…`);
    for (const line of memberLines(answer, stateOf)) print(line);
    print(`Code of this roster: ${code}`);
    print(
      "Read it to the other members by telephone. Type what you hear from them: cloister agent roster confirm CODE",
    );
  } finally {
    vault.close();
  }
}

async function confirm(text: string, options: MemberOptions): Promise<void> {
  const typed = parseSpokenCode(text);
  if (typed === null)
    throw badInput("roster.code-malformed", "not a roster's code: six groups of five digits");
  const vault = Vault.openExisting(options.folder);
  try {
    const answer = await askRoster(vault, options);
    const { charterHash, roster } = answer;
    const hash = rosterHash(charterHash, roster);
    if (rosterCode(hash) !== typed) {
      throw new CloisterError(
        "roster.code-wrong",
        "the code is not that of the roster which this member was told; nothing is confirmed. Hear it again, and " +
          "compare the fingerprints one by one: if one differs, the coordinator told members different keys",
        EXIT.refused,
      );
    }
    const { memberId } = vault.enrolment();
    const identity = identityFromSecret(vault.identitySecret(osRng));
    const about = { charterHash, memberId, atMs: osClock.nowMs() };
    const said = { kind: "rosterConfirmed", rosterHash: hash, ...about } as const;
    const statement = signStatement(said, identity);
    vault.saveConfirmedRoster({ roster, statement });
    await tell(vault, options, statement);
    if (options.json) return printJson({ memberId, rosterHash: hash, members: roster.length });
    print(
      `Confirmed: ${roster.length} members and their keys. This agent refuses every run with any other.`,
    );
  } finally {
    vault.close();
  }
}

/** @throws {CloisterError} If the coordinator's answer does not hold, or lists this member with another key. */
export async function askRoster(vault: Vault, options: MemberOptions): Promise<RosterAnswer> {
  const { memberId, coordinatorUrl } = vault.enrolment();
  const charter = charterIn(vault);
  const told = await httpOf(vault, options).get<unknown>("/v1/roster");
  const answer = parseOrRefuse(RosterAnswer, told, `${coordinatorUrl}: the roster`);
  const faults = rosterFaults(charter, answer).map(({ message }) => message);
  const { publicKey } = identityFromSecret(vault.identitySecret(osRng));
  if (keysOf(answer.roster).get(memberId) !== toHex(publicKey))
    faults.push("this member is not listed with its own key");
  if (faults.length === 0) return answer;
  const why = faults.join("; ");
  throw new CloisterError("roster.invalid", `${coordinatorUrl}: the roster: ${why}`, EXIT.refused);
}

/** What was confirmed while the coordinator could not be told, or what it has forgotten. */
async function tellAgain(
  vault: Vault,
  options: MemberOptions,
  { charterHash, statements }: RosterAnswer,
): Promise<void> {
  const own = vault.confirmedRoster()?.statement;
  if (
    own?.charterHash === charterHash &&
    !statements.some(({ signature }) => signature === own.signature)
  )
    await tell(vault, options, own);
}

export async function tell(
  vault: Vault,
  options: MemberOptions,
  statement: MemberStatement,
): Promise<void> {
  const path = `/v1/members/${encodeURIComponent(statement.memberId)}/statements`;
  await httpOf(vault, options).post(path, statement);
}

const httpOf = (vault: Vault, { ca: caPath, allowPlain }: MemberOptions) =>
  memberHttp(vault, { caPath, allowPlain });

const charterIn = (vault: Vault): Charter =>
  parseOrRefuse(Charter, JSON.parse(vault.enrolment().charter), "the charter in the vault");

type Listed = RosterAnswer["roster"][number];

/** What this agent holds of a listed key, and, where the charter lets keys expire, until when it is good. */
function stateIn(vault: Vault, { governance }: Charter): (member: Listed) => string {
  const heldOf = knownIn(vault);
  const sinceMs = vault.keys.sinceMs();
  return (member) => {
    const since = sinceMs.get(member.identityKey);
    const endMs = since === undefined ? null : keyEndMs(governance, since);
    const until =
      endMs === null ? "" : `, good until ${new Date(endMs).toISOString().slice(0, 16)}Z`;
    return `${heldOf(member)}${until}`;
  };
}

function knownIn(vault: Vault): (member: Listed) => string {
  const confirmed = vault.confirmedKeys();
  const pinned = vault.keys.pinned();
  const revoked = vault.keys.revoked();
  return ({ memberId, identityKey }) => {
    if (revoked.has(identityKey)) return "KEY REVOKED";
    const known = confirmed?.get(memberId) ?? pinned.get(memberId);
    if (known !== undefined && known !== identityKey) return "ANOTHER KEY THAN BEFORE";
    if (confirmed?.has(memberId)) return "key confirmed here";
    return known === undefined ? "key not seen yet" : "key seen before";
  };
}
