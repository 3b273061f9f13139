/** EDGE: `cloister privacy`: anybody can check the accounting's numbers, and have plans computed. */
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { badInput, CloisterError, EXIT } from "../shared/base/errors.ts";
import { print, printJson } from "../shared/edge/terminal.ts";
import {
  largestSamplingProbability,
  largestSteps,
  type Plan,
  type Target,
} from "../shared/privacy/accounting/plan.ts";
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
  const { name, accountant } = accountantOf(options);
  const plan: Plan = {
    samplingProbability: samplingOf(options),
    noiseMultiplier: noiseOf(options),
    steps: stepsOf(options),
  };
  const [delta, relation] = [deltaOf(options), relationOf(options)];
  const result = accountant.epsilon(plan, delta, relation);
  if (!Number.isFinite(result)) throw noFiniteEpsilon();
  if (options.json)
    return printJson({
      epsilon: result,
      delta,
      accountant: name,
      neighboringRelation: relation,
      ...plan,
    });
  print(`ε = ${result} at δ = ${delta} (${name}, ${relation})`);
}

function calibrate(options: NumberOptions): void {
  const { name, accountant } = accountantOf(options);
  const target: Target = { epsilon: epsilonOf(options), delta: deltaOf(options) };
  const cost = (plan: Plan): number => accountant.epsilon(plan, target.delta, "add-or-remove-one");
  const solved = solve(
    options,
    target,
    accountant.noiseMultiplier,
    (plan) => cost(plan) <= target.epsilon,
  );
  const reached = cost(solved);
  if (options.json)
    return printJson({
      ...solved,
      epsilon: reached,
      targetEpsilon: target.epsilon,
      delta: target.delta,
      accountant: name,
      neighboringRelation: "add-or-remove-one",
      solvedFor: solveOf(options),
    });
  print(
    `noise multiplier ${solved.noiseMultiplier}, sampling probability ${solved.samplingProbability}, ${solved.steps} steps`,
  );
  print(`ε = ${reached} at δ = ${target.delta} (${name}, add-or-remove-one)`);
}

function solve(
  options: NumberOptions,
  target: Target,
  leastNoise: (steps: number, samplingProbability: number, target: Target) => number,
  fits: (plan: Plan) => boolean,
): Plan {
  const what = solveOf(options);
  withoutSolved(options, what);
  if (what === "noise-multiplier") {
    const [samplingProbability, steps] = [samplingOf(options), stepsOf(options)];
    const noiseMultiplier = leastNoise(steps, samplingProbability, target);
    return { samplingProbability, noiseMultiplier, steps };
  }
  const noiseMultiplier = noiseOf(options);
  if (what === "steps") {
    const samplingProbability = samplingOf(options);
    const steps = largestSteps((count) =>
      fits({ samplingProbability, noiseMultiplier, steps: count }),
    );
    return { samplingProbability, noiseMultiplier, steps };
  }
  const steps = stepsOf(options);
  const samplingProbability = largestSamplingProbability((q) =>
    fits({ samplingProbability: q, noiseMultiplier, steps }),
  );
  return { samplingProbability, noiseMultiplier, steps };
}

function noFiniteEpsilon(): Error {
  return badInput(
    "privacy.epsilon-infinite",
    "this plan has no finite ε: raise --noise-multiplier, or take fewer steps",
  );
}
