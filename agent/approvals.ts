/** EDGE: the member's word on proposed runs: what waits, approve, veto. Printed here only: what the member may see. */
import { setTimeout } from "node:timers/promises";
import type { Command } from "commander";
import { askedText } from "../models/tasks/query-words.ts";
import { badInput, CloisterError, EXIT } from "../shared/base/errors.ts";
import { signDecision } from "../shared/charter/decision.ts";
import { type Manifest, parseManifest } from "../shared/charter/manifest.ts";
import { identityFromSecret } from "../shared/crypto/identity.ts";
import { osClock, osRng } from "../shared/edge/os.ts";
import { print, printJson } from "../shared/edge/terminal.ts";
import { LIMITS } from "../shared/protocol/limits.ts";
import { type FolderOptions, inFolder } from "./options.ts";
import { type KeptProposal, Vault } from "./vault.ts";

const ARRIVAL_MS = 3000;

export function approvalCommands(agent: Command): void {
  inFolder(agent.command("pending"), "cloister agent pending --folder bank-1")
    .description("list the runs that wait for this member's approval")
    .option("--all", "also those that are decided or over")
    .action(showPending);
  inFolder(agent.command("approve"), "cloister agent approve 3f9a --folder bank-1")
    .description("sign a proposed run; enough members' signatures let it begin")
    .argument("<run>", "a run's id, or its beginning")
    .action((run: string, options: FolderOptions) => decide(run, "approved", null, options));
  inFolder(agent.command("veto"), 'cloister agent veto 3f9a --reason "no purpose" --folder bank-1')
    .description("end a proposed run, or this member's part in one that has begun")
    .argument("<run>", "a run's id, or its beginning")
    .requiredOption("--reason <text>", "told to the other members")
    .action((run: string, options: FolderOptions & { reason: string }) =>
      decide(run, "vetoed", options.reason, options),
    );
}

function showPending({ folder, json, all }: FolderOptions & { all?: boolean }): void {
  const vault = Vault.openExisting(folder);
  try {
    const waits = ({ closed, decision }: KeptProposal): boolean =>
      closed === null && decision === null;
    const proposals = vault.proposals().filter((one) => all || waits(one));
    if (json) return printJson(proposals.map(shown));
    if (proposals.length === 0) return print("Nothing waits for approval.");
    for (const proposal of proposals) for (const line of lines(proposal)) print(line);
  } finally {
    vault.close();
  }
}

const shown = ({ manifest, ...proposal }: KeptProposal): object => ({
  ...proposal,
  manifest: JSON.parse(manifest),
});

function lines({ runId, manifest: text, reasons, closed, decision }: KeptProposal): string[] {
  const manifest = parseManifest(text);
  const state = closed ?? decision?.decision ?? "waits";
  const first = `${runId.slice(0, 12)}  ${manifest ? summary(manifest) : "unreadable"}  ${state}`;
  const asked = manifest && askedText(manifest.task);
  const asks = asked ? [`  asks ${asked}`] : [];
  const refused = reasons.map(({ code, message }) => `  this agent refuses: ${message} (${code})`);
  return [first, ...asks, ...refused];
}

function summary({ task, privacy, purpose, expiresAtMs }: Manifest): string {
  const noise = privacy ? `ε ${privacy.epsilon}` : "no noise";
  const why = purpose === undefined ? "" : `  for ${purpose}`;
  return `${task.kind}  ${noise}${why}  until ${new Date(expiresAtMs).toISOString().slice(0, 16)}Z`;
}

async function decide(
  prefix: string,
  decision: "approved" | "vetoed",
  reason: string | null,
  { folder, json }: FolderOptions,
): Promise<void> {
  const vault = Vault.openExisting(folder);
  try {
    const {
      runId,
      manifest,
      reasons: against,
      decision: before,
    } = await findProposal(vault, prefix);
    if (before?.decision === decision) {
      if (json) return printJson({ runId, decision });
      const when = new Date(before.atMs).toISOString().slice(0, 16);
      return print(`Run ${runId.slice(0, 12)} is ${decision} already, since ${when}Z.`);
    }
    if (before?.decision === "vetoed")
      throw new CloisterError(
        "approval.vetoed",
        `run ${runId.slice(0, 12)} is vetoed by this member, and a veto stands; have it proposed anew`,
        EXIT.refused,
      );
    if (decision === "approved" && against.length > 0) {
      const why = against.map(({ message }) => message).join("; ");
      throw new CloisterError(
        "approval.refused-here",
        `this member's own agent refuses run ${runId.slice(0, 12)}: ${why}`,
        EXIT.refused,
      );
    }
    const { memberId } = vault.enrolment();
    const identity = identityFromSecret(vault.identitySecret(osRng));
    const reasons =
      reason === null
        ? []
        : [{ code: "veto", message: reason.slice(0, LIMITS.reasonCharactersMax) }];
    const said = { runId, memberId, decision, reasons, atMs: osClock.nowMs() };
    vault.saveDecision(signDecision(said, identity));
    if (json) return printJson({ runId, decision });
    const task = parseManifest(manifest)?.task.kind ?? "run";
    print(
      `Run ${runId.slice(0, 12)} (${task}) is ${decision} by ${memberId}. The agent tells the coordinator when it is connected.`,
    );
  } finally {
    vault.close();
  }
}

/** One that was made just now may be on its way to the agent. @throws {CloisterError} If none or several begin so. */
export async function findProposal(vault: Vault, prefix: string): Promise<KeptProposal> {
  const until = osClock.nowMs() + ARRIVAL_MS;
  let found = vault.proposals(prefix);
  while (found.length === 0 && osClock.nowMs() < until) {
    await setTimeout(100);
    found = vault.proposals(prefix);
  }
  const [proposal] = found;
  if (proposal && found.length === 1) return proposal;
  const what = found.length === 0 ? "no run was proposed here that" : "more than one run";
  throw badInput(
    "approval.unknown",
    `${prefix}: ${what} begins so; see "cloister agent pending --all"`,
  );
}
