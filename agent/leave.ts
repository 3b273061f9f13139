/** EDGE: `cloister agent leave`: a member's last word, signed; from then on its agent takes part in nothing. */
import type { Command } from "commander";
import { Charter, charterHash, parseOrRefuse } from "../shared/charter/charter.ts";
import { MemberStatement, signStatement } from "../shared/charter/member-statement.ts";
import { identityFromSecret } from "../shared/crypto/identity.ts";
import { osClock, osRng } from "../shared/edge/os.ts";
import { print, printJson } from "../shared/edge/terminal.ts";
import { asMember, type MemberOptions } from "./options.ts";
import { tell } from "./roster.ts";
import { Vault } from "./vault.ts";

export function leaveCommand(agent: Command): void {
  asMember(
    agent.command("leave"),
    'cloister agent leave --reason "the consortium has served us" --folder bank-1',
  )
    .description("leave the room for good: a signed statement; no later run has this member's data")
    .requiredOption("--reason <text>", "told to the other members")
    .action(leave);
}

/** First it is so here, whether the coordinator hears of it or not; said again, it is the same statement. */
async function leave(options: MemberOptions & { reason: string }): Promise<void> {
  const vault = Vault.openExisting(options.folder);
  try {
    const { memberId, room, charter: text } = vault.enrolment();
    const charter = parseOrRefuse(Charter, JSON.parse(text), "the charter in the vault");
    const about = { charterHash: charterHash(charter), memberId, atMs: osClock.nowMs() };
    const identity = identityFromSecret(vault.identitySecret(osRng));
    const said = { kind: "left", reason: options.reason, ...about } as const;
    const signed = parseOrRefuse(MemberStatement, signStatement(said, identity), "the statement");
    const statement = vault.leaving() ?? signed;
    vault.saveLeaving(statement);
    await tell(vault, options, statement);
    if (options.json) return printJson(statement);
    print(`${memberId} has left room "${room}". Its agent stops and takes part in nothing more.`);
    print("What was learnt from its data in completed runs stays in their models.");
  } finally {
    vault.close();
  }
}
