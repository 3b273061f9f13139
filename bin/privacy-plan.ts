/** EDGE: `cloister privacy plan`: what a run under differential privacy costs and is worth, before it is asked for. */

import type { Command } from "commander";
import { plannedDimension } from "../models/tasks/planned-dimension.ts";
import { counted } from "../shared/base/counted.ts";
import { badInput } from "../shared/base/errors.ts";
import { Charter } from "../shared/charter/charter.ts";
import { readYaml } from "../shared/edge/files.ts";
import { readPlan } from "../shared/edge/plan-file.ts";
import { print, printJson } from "../shared/edge/terminal.ts";
import { acrossText } from "../shared/privacy/accounting/group.ts";
import { type Outlook, type OutlookParams, outlook } from "../shared/privacy/accounting/outlook.ts";
import { type Cohort, defaultCohort } from "../shared/privacy/mechanism/noise-share.ts";
import { deltaOf, epsilonOf, numberOf, samplingOf } from "./privacy-options.ts";
import { VERDICTS } from "./verdicts.ts";

const ROUNDS = 300;
const DIMENSION = 4097;

interface PlanOptions {
  readonly charter?: string;
  readonly plan?: string;
  readonly epsilon?: string;
  readonly delta?: string;
  readonly units?: string;
  readonly members?: string;
  readonly rounds?: string;
  readonly samplingProbability?: string;
  readonly dimension?: string;
  readonly order?: string;
  readonly json?: boolean;
}

export function planCommand(privacy: Command): void {
  privacy
    .command("plan")
    .description(
      "what a training run under differential privacy would cost, and whether it is hopeless",
    )
    .option("--charter <file>", "take members, units, budget and schema from a charter …")
    .option("--plan <file>", "… and rounds, sampling, model and ε from a plan")
    .option("--epsilon <number>", "what the run may cost: above 0")
    .option("--delta <number>", "in (0, 1); left out: the smaller of 1e-6 and a tenth of 1 / units")
    .option("--units <count>", "training units of all members together: a public estimate")
    .option("--members <count>", "members of the room")
    .option("--rounds <count>", "training rounds (left out: 300)")
    .option(
      "--sampling-probability <q>",
      "left out: so that a round has max(256, 2 % of the units)",
    )
    .option("--dimension <count>", "parameters of the model (left out: 4097)")
    .option("--order <alpha>", "the budget's Rényi order (left out: the best for this plan)")
    .option("--json", "print one JSON object, for programs")
    .addHelpText(
      "after",
      "\nExamples:\n  $ cloister privacy plan --epsilon 1 --units 24000 --members 5 --rounds 100\n" +
        "  $ cloister privacy plan --charter charter.yaml --plan plan.yaml",
    )
    .action(plan);
}

function plan(options: PlanOptions): void {
  const files = options.charter !== undefined || options.plan !== undefined;
  const params = files ? fromFiles(options) : fromNumbers(options);
  const result = outlook(params);
  if (options.json) printJson({ ...params, ...result });
  else for (const line of lines(params, result)) print(line);
}

function fromFiles({ charter: charterPath, plan: planPath }: PlanOptions): OutlookParams {
  if (charterPath === undefined || planPath === undefined)
    throw badInput("privacy.plan-files", "--charter and --plan go together: give both");
  const charter = readYaml(charterPath, Charter);
  const { task, privacy } = readPlan(planPath);
  const { budget, unitsExpected } = charter.privacy;
  if (!budget || unitsExpected === null)
    throw badInput("privacy.plan-budget", `${charterPath}: the charter gives no privacy budget`);
  if (task.kind !== "train" || task.strategy.kind !== "dpSgd" || privacy === "none") {
    throw badInput(
      "privacy.plan-strategy",
      `${planPath}: nothing to reckon; a run with noise has strategy dpSgd and privacy.epsilon`,
    );
  }
  const { rounds, samplingProbability } = task.strategy;
  const memberCount = charter.members.length;
  const { maxDropouts, maxColluders } = { ...defaultCohort(memberCount), ...given(privacy) };
  return {
    epsilon: privacy.epsilon,
    delta: budget.delta,
    unitsExpected,
    rounds,
    samplingProbability,
    dimension: plannedDimension(charter, task),
    cohort: { memberCount, maxDropouts, maxColluders },
    rdpOrder: budget.rdpOrder,
    budgetEpsilon: budget.epsilon,
  };
}

function given({
  maxDropouts,
  maxColluders,
}: {
  maxDropouts?: number | undefined;
  maxColluders?: number | undefined;
}): Partial<Cohort> {
  return {
    ...(maxDropouts !== undefined && { maxDropouts }),
    ...(maxColluders !== undefined && { maxColluders }),
  };
}

const WHOLE = "a whole number from 1";
const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 1;

function fromNumbers(options: PlanOptions): OutlookParams {
  const { units, rounds, samplingProbability, dimension, members, order } = options;
  const unitsExpected = numberOf("--units", units, WHOLE, isCount);
  const delta =
    options.delta === undefined ? Math.min(1e-6, 0.1 / unitsExpected) : deltaOf(options);
  if (delta >= 1 / unitsExpected) {
    throw badInput(
      "privacy.delta-too-large",
      `--delta ${delta}: with ${unitsExpected} units, one of them could be given away whole; use ${0.1 / unitsExpected} or less`,
    );
  }
  const three = "a whole number from 3";
  const ordered = "a number above 1, and 1024 at most";
  return {
    epsilon: epsilonOf(options),
    delta,
    unitsExpected,
    rounds: rounds === undefined ? ROUNDS : numberOf("--rounds", rounds, WHOLE, isCount),
    samplingProbability: samplingProbability === undefined ? undefined : samplingOf(options),
    dimension:
      dimension === undefined ? DIMENSION : numberOf("--dimension", dimension, WHOLE, isCount),
    cohort: defaultCohort(
      numberOf("--members", members, three, (count) => isCount(count) && count >= 3),
    ),
    rdpOrder:
      order === undefined
        ? undefined
        : numberOf("--order", order, ordered, (alpha) => alpha > 1 && alpha <= 1024),
  };
}

function lines(params: OutlookParams, result: Outlook): string[] {
  const { epsilon, delta, rounds, cohort, dimension } = params;
  const { memberCount, maxDropouts, maxColluders } = cohort;
  const small = (value: number): string => value.toPrecision(3);
  return [
    `Plan       ${counted(rounds, "round")} of about ${counted(Math.round(result.unitsPerRound), "unit")} (q = ${small(result.samplingProbability)}), ${counted(dimension, "parameter")}, ${memberCount} members`,
    `Noise      z = ${result.noiseMultiplier.toFixed(4)} keeps ε = ${epsilon} at δ = ${delta} (Rényi order ${result.rdpOrder})`,
    `           in shares that suffice with ${maxDropouts} members gone and ${maxColluders} colluding`,
    "Cost       round   ε that the ledger counts   ε by privacy loss distributions",
    ...result.course.map(
      ({ round, epsilonFilter, epsilonPld }) =>
        `           ${String(round).padStart(5)}   ${epsilonFilter.toFixed(4).padStart(24)}   ${epsilonPld.toFixed(4).padStart(31)}`,
    ),
    `           records at several members lose more, by their number at most: ${acrossText(result.acrossMembers)}`,
    ...(result.budgetShare === null
      ? []
      : [
          `Budget     the run takes ${(100 * result.budgetShare).toFixed(1)} % of an untouched budget; its ledger says what is left of a member's: cloister ledger show`,
        ]),
    `Worth      noise per coordinate ${small(result.noisePerCoordinate)} clip norms, a typical signal ${small(result.signalPerCoordinate)}; over all rounds signal / noise = ${small(result.signalToNoise)}`,
    `Verdict    ${result.verdict}: ${VERDICTS[result.verdict]}`,
  ];
}
