/** EDGE: the demo's question beside its model: how many positive rows of all members there are, by a category. */
import type { Outlook } from "../../coordinator/outlook.ts";
import { parseAnswer } from "../../models/answers/json.ts";
import { answerLines } from "../../models/answers/text.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import { type RoomProcesses, Subprocess } from "../support/processes.ts";
import { groupColumn, questionEpsilon } from "./charter.ts";

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

/** Asked with the command that an analyst would use. @throws If it fails. */
export async function askQuestion(
  { configPath }: RoomProcesses,
  charter: Charter,
): Promise<QuestionReport> {
  const { label } = charter.schema;
  const epsilon = questionEpsilon(charter);
  const column = groupColumn(charter.schema);
  const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
  const args = [
    "ask",
    ...["--count", "--where", `${quoted(label.column)} = ${quoted(label.positive)}`],
    ...(column === null ? [] : ["--by", quoted(column)]),
    ...(epsilon === null ? ["--exact"] : ["--epsilon", epsilon.toFixed(4)]),
  ];
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
