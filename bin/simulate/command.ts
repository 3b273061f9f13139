/**
 * EDGE: `cloister simulate`: tries a plan on a table that whoever runs this may see whole, before anybody is asked for
 * budget. (`npm run simulate` is something else: it plays the protocol with faults, for developers.)
 */

import { basename } from "node:path";
import type { Command } from "commander";
import { counted } from "../../shared/base/counted.ts";
import { badInput } from "../../shared/base/errors.ts";
import { Charter } from "../../shared/charter/charter.ts";
import type { Plan } from "../../shared/charter/manifest.ts";
import type { DataSchema } from "../../shared/charter/schema.ts";
import { isModelTask } from "../../shared/charter/task-spec.ts";
import { readYaml, writeFileAtomic } from "../../shared/edge/files.ts";
import { readPlan } from "../../shared/edge/plan-file.ts";
import { Progress } from "../../shared/edge/progress.ts";
import { print, printJson } from "../../shared/edge/terminal.ts";
import { INVENTED_ROOM, inventedCharter } from "./invented-charter.ts";
import { dealt, memberIdsOf, type NamedMember } from "./members.ts";
import { listOf, type SimulateOptions, type Wanted, wantedOf } from "./options.ts";
import { play, type Result, type Simulation } from "./play.ts";
import { noteLines, plotOf, resultJson, roundsCsv, tableLines } from "./report.ts";
import type { RowSides } from "./sides.ts";
import { checkFormat, proposedSchema, readMembers } from "./table.ts";

export function simulateCommand(program: Command): void {
  program
    .command("simulate")
    .description(
      "try a plan in one process, on a table that you may see whole: what federation, drop-outs and noise cost",
    )
    .argument("<plan>", "plan.yaml, as run start takes it")
    .requiredOption("--data <file>", "one table, .csv or .csv.gz, of all members together")
    .option("--charter <file>", "a room's charter: its schema, δ, budget and rules")
    .option("--label <column>", "without a charter: the label; a schema is proposed from the table")
    .option("--unit <column>", "… the privacy unit (left out: each row)")
    .option("--ignore <columns>", "… columns A,B,C that are no inputs")
    .option("--categorical <columns>", "… columns to take as categories")
    .option("--numeric <columns>", "… columns to take as numbers")
    .option("--holdout <share>", "… share of the units kept out of training (left out: 0.2)")
    .option("--test <column=values>", "… instead: rows to hold out, such as fold=9,10")
    .option("--skip <column=values>", "… rows to leave out of everything, such as fold=gap")
    .option("--delta <number>", "… δ (left out: the smaller of 1e-6 and a tenth of 1 / units)")
    .option("--members <count>", "deal the units to so many members at random")
    .option("--split <column>", "or: each value of this column is a member")
    .option("--skew <s>", "sizes as 1, 1/2^s, 1/3^s, … instead of all alike")
    .option("--epsilon <list>", "budgets to try beside no noise (left out: 8,3,1 and the plan's)")
    .option("--drop <share>", "each member is gone from each round with this probability")
    .option("--seeds <count>", "repetitions, with other divisions, weights and noise (left out: 3)")
    .option("--seed <text>", "what all randomness comes from (left out: cloister)")
    .option("--metric <name>", "what is plotted: rocAuc, prAuc, recallAt1pctFpr, recallAt5pctFpr")
    .option("--plot <file>", "write utility against ε as SVG")
    .option("--csv <file>", "write one line for each round")
    .option("--json [file]", "write one JSON object to a file, or print it instead of the table")
    .addHelpText(
      "after",
      "\nExample:\n  $ cloister simulate plan.yaml --members 100 --data rows.csv --label fraud --plot utility.svg",
    )
    .action(simulate);
}

async function simulate(planPath: string, options: SimulateOptions): Promise<void> {
  const wanted = wantedOf(options);
  const plan = readPlan(planPath);
  if (!isModelTask(plan.task)) {
    const message = `${planPath}: ${plan.task.kind} trains nothing that could be simulated`;
    throw badInput("simulate.task", message);
  }
  checkFormat(options.data);
  const simulation = await prepared(plan, options, wanted);
  const progress = process.stderr.isTTY ? new Progress(process.stderr) : null;
  let result: Result;
  try {
    result = play(simulation, (done, total, detail) => progress?.update(done, total, detail));
  } finally {
    progress?.clear();
  }
  written(result, plan, options, wanted);
}

async function prepared(
  plan: Plan,
  options: SimulateOptions,
  { members, split, skew, epsilons, delta, holdout, sides, dropProbability, seeds }: Wanted,
): Promise<Simulation> {
  const { data: path } = options;
  const charter = options.charter === undefined ? null : readYaml(options.charter, Charter);
  const schema = charter?.schema ?? (await schemaFor(options, split, sides));
  const holdoutFraction = charter?.holdoutFraction ?? holdout;
  const holdoutSalt = charter?.room ?? INVENTED_ROOM;
  const read = await readMembers({ path, schema, holdoutFraction, holdoutSalt, split, sides });
  const planned = plan.privacy === "none" ? [] : [plan.privacy.epsilon];
  const usual = [...new Set([8, 3, 1, ...planned])].sort((a, b) => b - a);
  return {
    plan,
    membersOf: (seed) =>
      split === null ? divided(read, members ?? charter?.members.length ?? 3, seed, skew) : read,
    charterOf: (named) => charter ?? inventedFor(named, { schema, holdoutFraction, delta }),
    epsilons: [null, ...(epsilons ?? usual)],
    isAsked: epsilons !== null,
    seeds,
    dropProbability,
  };
}

function schemaFor(
  options: SimulateOptions,
  split: string | null,
  sides: RowSides,
): Promise<DataSchema> {
  const { data, label = "", unit } = options;
  const drop = [...listOf(options.ignore), ...(split === null ? [] : [split])];
  const columns = {
    label,
    positive: null,
    unit: unit ?? null,
    drop,
    categorical: listOf(options.categorical),
    numeric: listOf(options.numeric),
  };
  return proposedSchema(data, columns, sides);
}

function divided(
  whole: readonly NamedMember[],
  count: number,
  seed: string,
  skew: number,
): NamedMember[] {
  const [all] = whole;
  if (!all) return [];
  const parts = dealt(all.data, count, seed, skew);
  return memberIdsOf(count).flatMap((memberId, i) => {
    const data = parts[i];
    return data ? [{ memberId, data }] : [];
  });
}

function inventedFor(
  named: readonly NamedMember[],
  known: Pick<Parameters<typeof inventedCharter>[0], "schema" | "holdoutFraction" | "delta">,
): Charter {
  const units = named.reduce((sum, { data }) => sum + data.train.unitStarts.length - 1, 0);
  const rows = named.map(({ data }) => data.train.rowCount + data.holdout.rowCount);
  const sizes = { trainUnits: Math.max(1, units), largestRows: Math.max(1, ...rows) };
  return inventedCharter({ ...known, ...sizes }, named.length);
}

function written(result: Result, plan: Plan, options: SimulateOptions, wanted: Wanted): void {
  const { data, plot, csv, json } = options;
  const strategy = plan.task.kind === "train" ? plan.task.strategy.kind : "boosted trees";
  const about = `${strategy}, ${result.memberCount} members`;
  if (plot !== undefined) writeFileAtomic(plot, plotOf(result, wanted.metric, about));
  if (csv !== undefined) writeFileAtomic(csv, roundsCsv(result));
  if (json === true) return printJson(resultJson(result, plan.task));
  if (json !== undefined)
    writeFileAtomic(json, `${JSON.stringify(resultJson(result, plan.task), null, 2)}\n`);
  const drop = wanted.dropProbability === 0 ? "" : `, drop-outs ${100 * wanted.dropProbability} %`;
  print(
    `${basename(data)}: ${about}, ${counted(result.trainUnits, "training unit")}, ${counted(result.holdoutRows, "row")} held out, ${counted(wanted.seeds.length, "seed")}${drop}`,
  );
  print("Median over seeds, in brackets the range; on the held-out rows of all members together.");
  print("");
  for (const line of tableLines(result)) print(line);
  print("");
  for (const line of noteLines(result)) print(line);
}
