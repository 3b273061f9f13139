/**
 * EDGE: `cloister agent preview`: what a run would send, before anybody approves it. A process of its own, next to the
 * agent's: it reads the vault, the ledger and the records, writes nothing and opens no connection.
 */
import { existsSync } from "node:fs";
import type { Command } from "commander";
import { badInput } from "../../shared/base/errors.ts";
import { Charter, parseOrRefuse } from "../../shared/charter/charter.ts";
import { type Manifest, parseManifest, runIdOf } from "../../shared/charter/manifest.ts";
import type { LocalPolicy } from "../../shared/charter/policy/local-policy.ts";
import { identityFromSecret } from "../../shared/crypto/identity.ts";
import { readManifest } from "../../shared/edge/manifest-file.ts";
import { osClock, osRng } from "../../shared/edge/os.ts";
import { print, printJson } from "../../shared/edge/terminal.ts";
import { agentFactsOf } from "../agent-facts.ts";
import { findProposal } from "../approvals.ts";
import { readRecords } from "../data/records.ts";
import { keptIn } from "../gate/kept.ts";
import type { RunQuestion } from "../gate/messages.ts";
import { openAccount } from "../ledger/account.ts";
import { openSnapshot } from "../ledger/open.ts";
import { type FolderOptions, inFolder } from "../options.ts";
import { ledgerPlaceOf, populationOf } from "../places.ts";
import { readPolicy } from "../policy-file.ts";
import { Vault } from "../vault.ts";
import { previewLines } from "./lines.ts";
import { type Preview, previewOf } from "./preview.ts";

interface Options extends FolderOptions {
  readonly sample: boolean;
}

export function previewCommand(agent: Command): void {
  inFolder(agent.command("preview"), "cloister agent preview 3f9a --folder bank-1")
    .description("show what a run would send, cost and tell whom, before approving it")
    .argument("<run>", "a proposed run's id, or its beginning; or a manifest's file, in JSON")
    .option("--no-sample", "without real numbers: for others to see")
    .action(show);
}

async function show(run: string, { folder, sample, json }: Options): Promise<void> {
  const vault = Vault.forReading(folder);
  try {
    const preview = await previewIn(vault, folder, run, sample);
    if (json) return printJson(preview);
    for (const line of previewLines(preview)) print(line);
  } finally {
    vault.close();
  }
}

async function previewIn(
  vault: Vault,
  folder: string,
  run: string,
  withSample: boolean,
): Promise<Preview> {
  const enrolment = vault.enrolment();
  const { charter: text, dataPath } = enrolment;
  const charter = parseOrRefuse(Charter, JSON.parse(text), "the charter in the vault");
  const manifest = existsSync(run) ? readManifest(run) : await proposed(vault, run);
  const question = questionOn(vault, folder, manifest);
  const env = { clock: osClock, rng: osRng };
  const { path, id } = ledgerPlaceOf(enrolment, folder);
  const { ledger, secret } = openSnapshot(path, id, env);
  const population = populationOf(enrolment);
  const rules = { charter, amendments: vault.charters.signed() };
  const place = { ...rules, dataPath, population, requester: enrolment.coordinatorKey };
  const { table, terms } = await readRecords(place, secret, question.nowMs);
  const account = openAccount(ledger, terms);
  const { pastQuestions } = keptIn(folder);
  return previewOf({
    ...{ charter, question, table, account, pastQuestions },
    ...{ rng: osRng, withSample },
  });
}

async function proposed(vault: Vault, prefix: string): Promise<Manifest> {
  const { runId, manifest: text } = await findProposal(vault, prefix);
  const manifest = parseManifest(text);
  if (manifest && runIdOf(manifest) === runId) return manifest;
  throw badInput("preview.bad-manifest", `${prefix}: what was proposed is not a valid manifest`);
}

/** As the agent itself would put it to its gate, while the run is only proposed. */
function questionOn(vault: Vault, folder: string, manifest: Manifest): RunQuestion {
  const { memberId, coordinatorKey } = vault.enrolment();
  const runId = runIdOf(manifest);
  const identity = identityFromSecret(vault.identitySecret(osRng));
  const policy = (): LocalPolicy => readPolicy(folder);
  const self = { memberId, identity, coordinatorKey, vault: vault.facts, policy };
  const agent = agentFactsOf(self, runId);
  return { manifest, runId, decisions: null, agent, nowMs: osClock.nowMs() };
}
