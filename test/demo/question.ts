/** EDGE: the demo's questions beside its model. */
import type { Outlook } from "../../coordinator/run/outlook.ts";
import { parseAnswer } from "../../models/answers/json.ts";
import { answerLines } from "../../models/answers/text.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import { type RoomProcesses, Subprocess } from "../support/processes.ts";
import { groupColumn, meanColumn, questionEpsilon } from "./charter.ts";

export interface QuestionReport {
  readonly command: string;
  /** Null: without noise. */
  readonly epsilon: number | null;
  /** Of the charter's budget. */
  readonly budgetShare: number;
  readonly runId: string;
  readonly lines: readonly string[];
}

/** What the command prints, for programs. */
interface Told {
  readonly runId: string;
  readonly outlook: Outlook;
  readonly answer: unknown;
}

const COLUMNS = 100;

/** Asked one after the other, with the command that an analyst would use. @throws If one fails. */
export async function askQuestions(
  processes: RoomProcesses,
  charter: Charter,
): Promise<QuestionReport[]> {
  const reports: QuestionReport[] = [];
  for (const asked of questionsOn(charter)) reports.push(await ask(processes, charter, asked));
  return reports;
}

/**
 * How many positive rows there are, by a category; and whether a number differs between its categories. (Between positive
 * and negative rows would be refused without noise: with the counts it could tell of the few that a category holds back.)
 */
function questionsOn({ schema }: Charter): string[][] {
  const { label } = schema;
  const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
  const [group, mean] = [groupColumn(schema), meanColumn(schema)];
  const count = ["--count", "--where", `${quoted(label.column)} = ${quoted(label.positive)}`];
  return [
    [...count, ...(group === null ? [] : ["--by", quoted(group)])],
    ...(mean === null || group === null
      ? []
      : [["--compare", `${quoted(mean)} by ${quoted(group)}`]]),
  ];
}

async function ask(
  { configPath }: RoomProcesses,
  charter: Charter,
  question: readonly string[],
): Promise<QuestionReport> {
  const epsilon = questionEpsilon(charter);
  const price = epsilon === null ? ["--exact"] : ["--epsilon", epsilon.toFixed(4)];
  const args = ["ask", ...question, ...price];
  const asked = new Subprocess([...args, "--config", configPath, "--json"]);
  const told = (await asked.line((line) => "answer" in line)) as unknown as Told;
  await asked.ended;
  const shares = told.outlook.cost?.shares;
  return {
    command: `npx cloister ${args.map((arg) => (/["= ]/.test(arg) ? `'${arg}'` : arg)).join(" ")}`,
    epsilon,
    budgetShare: shares ? shares.after - shares.before : 0,
    runId: told.runId,
    lines: answerLines(parseAnswer(told.answer, "the answer"), COLUMNS),
  };
}
