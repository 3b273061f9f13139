/** EDGE: `cloister privacy`: anybody can check the accounting's numbers, and have plans computed. */

import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { counted } from "../shared/base/counted.ts";
import { badInput, CloisterError, EXIT } from "../shared/base/errors.ts";
import { print, printJson } from "../shared/edge/terminal.ts";
import type { PrivacyAccountant } from "../shared/privacy/accounting/accountant.ts";
import { calibrateNoiseMultiplier } from "../shared/privacy/accounting/calibrate.ts";
import {
  type NoisedSteps,
  noiseMultiplierFor,
  type PrivacyTarget,
  samplingProbabilityFor,
  stepCountFor,
} from "../shared/privacy/accounting/calibrate-plan.ts";
import { repeated, sampledGaussian } from "../shared/privacy/accounting/events.ts";
import {
  type NeighboringRelation,
  pldAccountant,
} from "../shared/privacy/accounting/pld/accountant.ts";
import { rdpAccountant } from "../shared/privacy/accounting/rdp.ts";
import { checkVectors } from "../shared/privacy/check/check.ts";
import { KINDS } from "../shared/privacy/check/kinds.ts";
import { reportJson, reportLines } from "../shared/privacy/check/report.ts";
import { parseVectors } from "../shared/privacy/check/vector.ts";
import {
  accountantOf,
  deltaOf,
  epsilonOf,
  type NumberOptions,
  noiseOf,
  relationOf,
  samplingOf,
  solveOf,
  stepsOf,
  withoutSolved,
} from "./privacy-options.ts";

import { planCommand } from "./privacy-plan.ts";

export function privacyCommands(program: Command): void {
  const privacy = program
    .command("privacy")
    .description("compute what plans cost in privacy, and check the numbers against others'");
  privacy
    .command("check")
    .description("compute every vector of a file, and compare; exit code 1 if any is off")
    .argument("<file>", 'JSON: {"vectors": [{"id", "kind", "inputs", "expected", "tolerance"}, …]}')
    .option("--json", "print one JSON object, for programs")
    .addHelpText("after", "\nExample:\n  $ cloister privacy check dp_vectors.json")
    .action(check);
  planOptions(privacy.command("epsilon"))
    .description("ε at δ of equal steps, each with Gaussian noise on a Poisson sample")
    .option(
      "--neighboring-relation <relation>",
      "add-or-remove-one or replace-one",
      "add-or-remove-one",
    )
    .addHelpText(
      "after",
      "\nExample:\n  $ cloister privacy epsilon --accountant rdp --sampling-probability 0.01 --noise-multiplier 1.1 --steps 1000 --delta 1e-6",
    )
    .action(epsilon);
  planOptions(privacy.command("calibrate"))
    .description("the least noise, the most steps or the largest sample that keeps ε at δ")
    .option("--epsilon <number>", "the target: above 0")
    .option("--solve <what>", "noise-multiplier, steps or sampling-probability", "noise-multiplier")
    .addHelpText(
      "after",
      "\nExample:\n  $ cloister privacy calibrate --accountant rdp --epsilon 1 --delta 1e-6 --sampling-probability 0.02 --steps 500",
    )
    .action(calibrate);
  planCommand(privacy);
}

function planOptions(command: Command): Command {
  return command
    .option("--accountant <name>", "rdp (Rényi) or pld (privacy loss distribution)")
    .option("--sampling-probability <q>", "each unit's probability to be in a step: in (0, 1]")
    .option("--noise-multiplier <z>", "standard deviation over clip norm: above 0")
    .option("--steps <count>", "how many steps: a whole number from 1")
    .option("--delta <number>", "in (0, 1)")
    .option("--json", "print one JSON object, for programs");
}

function check(path: string, { json = false }: { json?: boolean }): void {
  const report = checkVectors(parseVectors(readText(path), path), KINDS);
  if (json) printJson({ file: path, ...Object(reportJson(report)) });
  else for (const line of reportLines(report)) print(line);
  if (report.failed === 0) return;
  const of = report.passed + report.failed;
  throw new CloisterError(
    "privacy.check-failed",
    `${path}: ${report.failed} of ${of} vectors fail, first ${report.failures[0]?.id}; the report says by how much`,
    EXIT.failed,
  );
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw badInput(
      "privacy.vectors-unreadable",
      `${path}: cannot be read; give a file of vectors`,
      cause,
    );
  }
}

function epsilon(options: NumberOptions): void {
  const accountant = accountantOf(options);
  const plan = {
    samplingProbability: samplingOf(options),
    noiseMultiplier: noiseOf(options),
    stepCount: stepsOf(options),
  };
  const [delta, relation] = [deltaOf(options), relationOf(options)];
  const cost =
    accountant === "pld" ? pldCost(plan, delta, relation) : rdpCost(plan, delta, relation);
  if (!Number.isFinite(cost)) throw noFiniteEpsilon();
  const about = { epsilon: cost, delta, accountant, neighboringRelation: relation };
  if (options.json) return printJson({ ...about, ...shown(plan) });
  print(`ε = ${cost} at δ = ${delta} (${accountant}, ${relation})`);
}

function pldCost(
  plan: NoisedSteps,
  delta: number,
  neighboringRelation: NeighboringRelation,
): number {
  return costOf(pldAccountant({ neighboringRelation }), plan, delta);
}

/** A replaced unit moves a sum by twice the clip norm. */
function rdpCost(plan: NoisedSteps, delta: number, relation: NeighboringRelation): number {
  if (relation === "add-or-remove-one") return costOf(rdpAccountant(), plan, delta);
  if (plan.samplingProbability < 1) throw notForReplaceOne();
  return costOf(rdpAccountant(), { ...plan, noiseMultiplier: plan.noiseMultiplier / 2 }, delta);
}

function costOf(accountant: PrivacyAccountant, plan: NoisedSteps, delta: number): number {
  const event = sampledGaussian(plan.samplingProbability, plan.noiseMultiplier);
  return accountant.compose(repeated(event, plan.stepCount)).getEpsilon(delta);
}

/** A plan in the words of the options. */
function shown({ stepCount, ...plan }: NoisedSteps): Record<string, number> {
  return { ...plan, steps: stepCount };
}

function calibrate(options: NumberOptions): void {
  const name = accountantOf(options);
  const target = { epsilon: epsilonOf(options), delta: deltaOf(options) };
  const [accountant, leastNoise] =
    name === "rdp" ? [rdpAccountant(), rdpNoise] : [pldAccountant(), pldNoise];
  const plan = solve(options, target, accountant, leastNoise);
  const reached = costOf(accountant, plan, target.delta);
  const about = { delta: target.delta, accountant: name, neighboringRelation: "add-or-remove-one" };
  const goal = { targetEpsilon: target.epsilon, solvedFor: solveOf(options) };
  if (options.json) return printJson({ ...shown(plan), epsilon: reached, ...about, ...goal });
  const { noiseMultiplier, samplingProbability, stepCount } = plan;
  print(
    `noise multiplier ${noiseMultiplier}, sampling probability ${samplingProbability}, ${counted(stepCount, "step")}`,
  );
  print(`ε = ${reached} at δ = ${target.delta} (${name}, add-or-remove-one)`);
}

/** The least noise for what else is in a plan. */
type LeastNoise = (plan: Omit<NoisedSteps, "noiseMultiplier">, target: PrivacyTarget) => number;

/** What the ledger's own plans are made with: closer to the target than the general search. */
const rdpNoise: LeastNoise = ({ samplingProbability, stepCount }, target) =>
  calibrateNoiseMultiplier({ ...target, samplingProbability, roundCount: stepCount })
    .noiseMultiplier;

const pldNoise: LeastNoise = (plan, target) => noiseMultiplierFor(pldAccountant(), plan, target);

function solve(
  options: NumberOptions,
  target: PrivacyTarget,
  accountant: PrivacyAccountant,
  leastNoise: LeastNoise,
): NoisedSteps {
  const what = solveOf(options);
  withoutSolved(options, what);
  if (what === "noise-multiplier") {
    const plan = { samplingProbability: samplingOf(options), stepCount: stepsOf(options) };
    return { ...plan, noiseMultiplier: leastNoise(plan, target) };
  }
  const noiseMultiplier = noiseOf(options);
  if (what === "steps") {
    const plan = { samplingProbability: samplingOf(options), noiseMultiplier };
    const stepCount = stepCountFor(accountant, plan, target);
    if (stepCount === 0) throw oneStepTooMany();
    return { ...plan, stepCount };
  }
  const plan = { noiseMultiplier, stepCount: stepsOf(options) };
  return { ...plan, samplingProbability: samplingProbabilityFor(accountant, plan, target) };
}

function oneStepTooMany(): Error {
  return badInput(
    "privacy.target-unreachable",
    "one step costs more than --epsilon: raise --noise-multiplier, or lower --sampling-probability",
  );
}

function notForReplaceOne(): Error {
  return badInput(
    "privacy.relation-not-counted",
    "the Rényi accountant knows no rule for replace-one with sampling: use --accountant pld, or --sampling-probability 1",
  );
}

function noFiniteEpsilon(): Error {
  return badInput(
    "privacy.epsilon-infinite",
    "this plan has no finite ε: raise --noise-multiplier, or take fewer steps",
  );
}
