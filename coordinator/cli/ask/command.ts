/** EDGE: `cloister ask`: a question to all members' tables, its cost told first; and `cloister run answer`. */
import type { Command } from "commander";
import { z } from "zod";
import { parseAnswer } from "../../../models/answers/json.ts";
import { Charter, parseOrRefuse } from "../../../shared/charter/charter.ts";
import { readYaml } from "../../../shared/edge/files.ts";
import { print, printJson, tell } from "../../../shared/edge/terminal.ts";
import type { Outlook } from "../../run/outlook.ts";
import { CoordinatorClient } from "../client.ts";
import { asking, type Common, example } from "../options.ts";
import { followToEnd } from "./follow.ts";
import type { QuestionOptions } from "./options.ts";
import { checkWorth, outlookLines } from "./outlook-lines.ts";
import { formatOf, type OutputOptions, writeAnswer } from "./output.ts";
import { type Question, questionIn, questionOf } from "./question.ts";

type AskOptions = Common &
  OutputOptions &
  QuestionOptions & {
    readonly room?: string;
    readonly preview?: boolean;
    readonly anyway?: boolean;
    readonly fresh?: boolean;
  };

export function askCommand(program: Command): void {
  const ask = program
    .command("ask")
    .description("ask all members' tables a question; what it costs and is worth is told first")
    .argument("[file]", "a question, or a whole plan, in YAML or JSON")
    .option("--count", "how many rows there are")
    .option("--units", "how many customers have such a row")
    .option(
      "--mean <column>",
      "mean, sum and variance of a column of numbers; so --sum, --variance",
    )
    .option("--sum <column>", "the same as --mean")
    .option("--variance <column>", "the same as --mean")
    .option("--quantiles <column>", "quartiles, or --shares 0.5,0.99")
    .option("--histogram <column>", "rows in bands over the declared range, or by category")
    .option("--crosstab <columns>", "counts by two to four columns, with tests: 'channel, label'")
    .option("--correlation <columns>", "of columns of numbers")
    .option("--compare <columns>", "means by group, with tests: 'amount by channel'")
    .option(
      "--drift <columns>",
      "how far members are apart: 'amount between members', 'amount between bank-1 and bank-2'",
    )
    .option("--top <column>", "the categories with the most rows")
    .option("--evaluate <run>", "how good the model of a run is, on rows that nobody trained on")
    .option("--overlap <column>", "how many customers members share, by a column of identifiers")
    .option("--size <count>", "of --overlap: about how many a member has")
    .option("--values <column>", "of --overlap: what those in common come to")
    .option("--value-max <number>", "of --values: what one customer comes to at most")
    .option("--bins <count>", "of --histogram of numbers (20), --quantiles (256) or --drift (10)")
    .option("--shares <list>", "of --quantiles: 0.25,0.5,0.75")
    .option("--most <count>", "of --top (10)")
    .option(
      "--where <condition>",
      "only such rows: 'amount > 100', 'country in DE,FR', 'hour between 0 and 5', 'income is missing'; all of several",
      collected,
      [],
    )
    .option(
      "--by <columns>",
      "broken down by columns; by numbers in bands: 'country, amount at 100, 500'",
      collected,
      [],
    )
    .option("--rows-per-unit <count>", "under noise, so many rows of a customer count at most (1)")
    .option("--epsilon <number>", "what it may cost")
    .option("--exact", "without noise, where the charter allows it")
    .option("--purpose <tag>", "one of the charter's purposes, where it lists any")
    .option("--room <name>", "needed where there are several rooms")
    .option("--preview", "only tell what it would cost and be worth")
    .option("--anyway", "ask although the answer is expected to be hopeless")
    .option("--fresh", "ask again, and pay again, although the same was answered before");
  const shown = asking(written(ask));
  example(shown, "cloister ask --count --by country --where 'amount > 100' --epsilon 1.5").action(
    askQuestion,
  );
}

export function answerCommand(run: Command): void {
  const answer = run
    .command("answer")
    .description("what a question's run came to")
    .argument("<run>", "a run's id, or its beginning");
  example(asking(written(answer)), "cloister run answer 3f9a --format csv").action(showAnswer);
}

function written(command: Command): Command {
  return command
    .option("--format <format>", "table, json or csv", "table")
    .option("--table <name>", "of several tables, the one to write as CSV")
    .option("--svg <file>", "write the answer's picture to a file, too");
}

const collected = (value: string, before: readonly string[]): string[] => [...before, value];

async function askQuestion(file: string | undefined, options: AskOptions): Promise<void> {
  const isProgram = formatOf(options) === "json";
  const client = CoordinatorClient.from(options);
  const question = await understoodQuestion(client, file, options);
  if (!isProgram) for (const warning of question.warnings) tell(warning);
  const outlook = await client.post<Outlook>("/v1/outlook", question.plan);
  const about = { warnings: question.warnings, outlook };
  const { earlier } = outlook;
  if (options.preview) return preview(about, isProgram);
  if (earlier && !options.fresh) {
    const { runId } = earlier;
    const on = new Date(earlier.endedAtMs).toISOString().slice(0, 10);
    if (!isProgram)
      tell(
        `The same was answered on ${on} (run ${runId.slice(0, 12)}): given again at ε = 0. Ask anew with --fresh.`,
      );
    return giveAnswer(client, runId, { ...about, isAgain: true, epsilon: 0 }, options);
  }
  if (!isProgram) for (const line of outlookLines(outlook)) tell(line);
  if (!options.anyway) checkWorth(outlook);
  const { runId } = await client.post<{ runId: string }>("/v1/runs", question.plan);
  if (!isProgram)
    tell(`Run ${runId.slice(0, 12)} is proposed; it begins once enough members approve.`);
  await followToEnd(client, runId, outlook.rounds, isProgram);
  const epsilon = outlook.cost?.epsilon ?? null;
  await giveAnswer(client, runId, { ...about, isAgain: false, epsilon }, options);
}

async function understoodQuestion(
  client: CoordinatorClient,
  file: string | undefined,
  options: AskOptions,
): Promise<Question> {
  const { room } = options;
  const query = room === undefined ? "" : `?room=${encodeURIComponent(room)}`;
  const told = await client.get<unknown>(`/v1/charter${query}`);
  const charter = parseOrRefuse(Charter, told, "the charter that the coordinator tells");
  if (file === undefined) return questionOf(options, charter);
  return questionIn(readYaml(file, z.unknown()), file, options, charter);
}

function preview(about: { outlook: Outlook }, isProgram: boolean): void {
  if (isProgram) return printJson(about);
  for (const line of outlookLines(about.outlook)) print(line);
  const { earlier } = about.outlook;
  if (earlier)
    print(`Known     run ${earlier.runId.slice(0, 12)} answered the same: given again at ε = 0`);
}

async function showAnswer(run: string, options: Common & OutputOptions): Promise<void> {
  formatOf(options); // A wrong one is told before anything is asked for.
  await giveAnswer(CoordinatorClient.from(options), run, {}, options);
}

async function giveAnswer(
  client: CoordinatorClient,
  runId: string,
  about: Readonly<Record<string, unknown>>,
  options: OutputOptions,
): Promise<void> {
  const told = await client.get<unknown>(`/v1/runs/${encodeURIComponent(runId)}/answer`);
  const answer = parseAnswer(told, "the answer that the coordinator tells");
  writeAnswer(answer, { runId, ...about }, options, tell);
}
