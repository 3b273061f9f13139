/**
 * EDGE: how evaluated models do on this member's own rows, as files in its agent's folder: for people and for programs.
 * Only the gate's thread writes them; nothing of them is ever sent.
 */
import { join } from "node:path";
import type { Answer } from "../../models/answers/answer.ts";
import { answerMarkdown } from "../../models/answers/markdown.ts";
import { makeFolder, writeFileAtomic } from "../../shared/edge/files.ts";

/** In the agent's folder. */
export const REPORTS_FOLDER = "reports";

export interface OwnReports {
  save(runId: string, report: Answer): void;
}

/** @param folder Made when the first report is written; only its owner may read it. */
export function ownReportsIn(folder: string): OwnReports {
  return {
    save(runId, report) {
      makeFolder(folder, 0o700);
      const text = `${JSON.stringify({ format: "cloister-own-report/1", runId, ...report }, null, 2)}\n`;
      writeFileAtomic(join(folder, `${runId}.json`), text, 0o600);
      writeFileAtomic(join(folder, `${runId}.md`), answerMarkdown(report), 0o600);
    },
  };
}
