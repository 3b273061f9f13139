/** EDGE: what the gate keeps of its own in the agent's folder. Nothing of it is ever sent. */
import { join } from "node:path";
import type { GateParams } from "./gate.ts";
import { ownModelsIn } from "./own-models.ts";
import { pastQuestionsIn } from "./past-questions.ts";

/** @throws {CloisterError} As `pastQuestionsIn`. */
export function keptIn(folder: string): Pick<GateParams, "ownModels" | "pastQuestions"> {
  return {
    ownModels: ownModelsIn(join(folder, "models")),
    pastQuestions: pastQuestionsIn(join(folder, "questions.jsonl")),
  };
}
