/** EDGE: what the gate keeps of its own in the agent's folder. Nothing of it is ever sent. */
import { join } from "node:path";
import type { GateParams } from "./gate.ts";
import { ownModelsIn } from "./own-models.ts";
import { ownReportsIn, REPORTS_FOLDER } from "./own-reports.ts";
import { pastQuestionsIn } from "./past-questions.ts";

export const QUESTIONS_FILE = "questions.jsonl";

/** @throws {CloisterError} As `pastQuestionsIn`. */
export function keptIn(
  folder: string,
): Pick<GateParams, "ownModels" | "ownReports" | "pastQuestions"> {
  return {
    ownModels: ownModelsIn(join(folder, "models")),
    ownReports: ownReportsIn(join(folder, REPORTS_FOLDER)),
    pastQuestions: pastQuestionsIn(join(folder, QUESTIONS_FILE)),
  };
}
