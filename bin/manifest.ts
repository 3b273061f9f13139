/** EDGE: `cloister manifest check`: the policy's decision on a run, offline, from files. */

import type { Command } from "commander";
import { taskFactsOf } from "../models/tasks/task-facts.ts";
import { counted } from "../shared/base/counted.ts";
import { CloisterError, EXIT } from "../shared/base/errors.ts";
import { Charter } from "../shared/charter/charter.ts";
import { runIdOf } from "../shared/charter/manifest.ts";
import { type Ruling, rulings } from "../shared/charter/policy/decide.ts";
import { LocalPolicy } from "../shared/charter/policy/local-policy.ts";
import { rulingLines } from "../shared/charter/policy/ruling-lines.ts";
import { readYaml } from "../shared/edge/files.ts";
import { readManifest } from "../shared/edge/manifest-file.ts";
import { osClock } from "../shared/edge/os.ts";
import { print, printJson } from "../shared/edge/terminal.ts";

interface CheckOptions {
  readonly charter: string;
  readonly policy?: string;
  readonly json?: boolean;
}

export function manifestCommand(program: Command): void {
  program
    .command("manifest")
    .description("manifests: what a run would do, as its members sign it")
    .command("check")
    .description("ask every rule that needs neither data nor network; exit code 4 if one refuses")
    .argument("<file>", "the manifest, in JSON")
    .requiredOption("--charter <file>", "the room's charter, in YAML")
    .option("--policy <file>", "a member's own rules, in YAML")
    .option("--json", "print JSON, for programs")
    .addHelpText("after", "\nExample:\n  $ cloister manifest check run.json --charter charter.yaml")
    .action(check);
}

function check(
  path: string,
  { charter: charterPath, policy: policyPath, json }: CheckOptions,
): void {
  const manifest = readManifest(path);
  const charter = readYaml(charterPath, Charter);
  const policy = policyPath === undefined ? undefined : readYaml(policyPath, LocalPolicy);
  const runId = runIdOf(manifest);
  const unknown = { decisions: null, agent: null, dataset: null, ledger: null };
  const task = taskFactsOf(charter, manifest);
  const nowMs = osClock.nowMs();
  const asked = rulings({ charter, manifest, runId, task, nowMs, policy, ...unknown });
  const refusing = asked.filter(({ verdict }) => verdict === "refuses");
  if (json) printJson({ runId, allowed: refusing.length === 0, rulings: asked });
  else show(runId, asked);
  if (refusing.length === 0) return;
  const count = refusing.length === 1 ? "a rule refuses" : `${refusing.length} rules refuse`;
  throw new CloisterError("manifest.refused", `${count} run ${runId.slice(0, 12)}`, EXIT.refused);
}

function show(runId: string, asked: readonly Ruling[]): void {
  print(`Run ${runId}`);
  for (const line of rulingLines(asked)) print(line);
  const unknown = asked.filter(({ verdict }) => verdict === "unknown").length;
  if (asked.every(({ verdict }) => verdict !== "refuses")) {
    print("Nothing that can be known here refuses it.");
    print(
      `${counted(unknown, "rule needs", "rules need")} an agent's keys, data or ledger, or the signatures: agents ask them.`,
    );
  }
}
