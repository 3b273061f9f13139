/** EDGE: `cloister audit`: a round taken apart again, and members' transcripts held against one another. */
import type { Command } from "commander";
import type { Check } from "../../shared/audit/check.ts";
import { wordsToBytes } from "../../shared/base/bytes.ts";
import { badInput, CloisterError, EXIT } from "../../shared/base/errors.ts";
import { writeFileAtomic } from "../../shared/edge/files.ts";
import { print, printJson } from "../../shared/edge/terminal.ts";
import { compare } from "./compare.ts";
import { historyCommands } from "./history-cli.ts";
import { openOwnSide } from "./own.ts";
import { type AuditedRound, type AuditSource, auditRound } from "./replay.ts";

interface ReplayOptions {
  readonly folder?: string;
  readonly config: string;
  readonly tokenFile?: string;
  readonly ca?: string;
  readonly allowPlain?: boolean;
  readonly save?: string;
  readonly json?: boolean;
}

/** How a person's token reaches the coordinator, without a member's folder. */
type Connection = Pick<ReplayOptions, "config" | "tokenFile">;

/** @param tokenSource What a configuration file and a token give access to. */
export function auditCommands(
  program: Command,
  tokenSource: (connection: Connection) => AuditSource,
): void {
  const audit = program
    .command("audit")
    .description("check what the coordinator released and said");
  audit
    .command("replay")
    .description("open a released sum again from what its members signed, believing nothing")
    .argument("<run>", "a run's id, or its beginning")
    .argument("<round>", "which round, from 0")
    .option("--folder <folder>", "a member's agent folder: asks as the member, checks its evidence")
    .option(
      "--config <file>",
      "without --folder: the coordinator's configuration, or a client's",
      "coordinator.yaml",
    )
    .option("--token-file <file>", "without --folder: the operator's or an auditor's token")
    .option("--ca <file>", "PEM file of the authority behind the coordinator's certificate")
    .option("--allow-plain", "allow ws:// beyond this machine")
    .option("--save <file>", "write the sum: elements of 32 bits, little-endian")
    .option("--json", "print JSON lines, for programs")
    .addHelpText("after", "\nExample:\n  $ cloister audit replay 3f9a 4 --folder agent-data")
    .action((run: string, round: string, options: ReplayOptions) =>
      replay(run, round, options, tokenSource),
    );
  audit
    .command("compare")
    .description("find two signatures of the coordinator that contradict; exit code 6 if there are")
    .argument(
      "<files...>",
      "what members' \"cloister agent transcript --json\" printed, or copies of their room's history",
    )
    .option("--json", "print JSON, for programs")
    .addHelpText("after", "\nExample:\n  $ cloister audit compare bank-a.json bank-b.json")
    .action(compare);
  historyCommands(audit, tokenSource);
}

async function replay(
  run: string,
  roundText: string,
  { folder, ca: caPath, allowPlain, save, json, ...connection }: ReplayOptions,
  tokenSource: (connection: Connection) => AuditSource,
): Promise<void> {
  if (!/^[0-9a-f]{1,64}$/.test(run))
    throw badInput("run.unknown", `${run}: not a run's id; see "cloister run list"`);
  if (!/^\d{1,9}$/.test(roundText))
    throw badInput("audit.round", `${roundText}: not the number of a round; rounds count from 0`);
  const own = folder === undefined ? null : openOwnSide(folder, { caPath, allowPlain });
  const source = own?.http ?? tokenSource(connection);
  const checks = auditRound({ run, round: Number(roundText), source, own });
  for (;;) {
    const next = await checks.next();
    if (!next.done) {
      report(next.value, json);
      continue;
    }
    if (next.value) conclude(next.value, save, json);
    return;
  }
}

const SIGNS = { holds: "ok", fails: "FAILS", unknown: "?" } as const;

/** @throws {CloisterError} If the check fails. */
function report({ name, status, text, accused }: Check, json = false): void {
  if (json) printJson({ type: "check", name, status, text, accused });
  else if (status !== "fails") print(`${SIGNS[status].padEnd(6)}${name.padEnd(13)}${text}`);
  if (status !== "fails") return;
  throw new CloisterError(
    `audit.${name}`,
    `${name} FAILS: ${text}. This accuses ${accused}.`,
    EXIT.caught,
  );
}

function conclude(
  { runId, record, sum, reading }: AuditedRound,
  save?: string,
  json = false,
): void {
  if (save !== undefined) writeFileAtomic(save, wordsToBytes(sum), 0o600);
  const { round, askKind, survivors, cohort, dimension, ringBits, resultHash } = record;
  const { loss, metrics } = reading;
  if (json) {
    const counts = { survivors: survivors.length, cohort: cohort.length, dimension, ringBits };
    const about = { runId, round, askKind, ...counts, resultHash, loss, metrics };
    return printJson({ type: "replayed", ...about, saved: save ?? null });
  }
  print(
    `Round ${round} of run ${runId.slice(0, 12)} is the sum of what ${survivors.length} members signed: ${dimension} elements of ${ringBits} bits.`,
  );
  if (loss !== null) print(`Loss ${loss.toFixed(4)}`);
  if (metrics) print(`ROC-AUC ${metrics.rocAuc.toFixed(4)}  PR-AUC ${metrics.prAuc.toFixed(4)}`);
  if (save !== undefined) print(`Wrote ${save}.`);
}
