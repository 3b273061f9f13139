/** EDGE: `cloister agent transcript`: what the coordinator signed for this member, to read or to compare. */
import { short } from "../shared/audit/check.ts";
import { badInput } from "../shared/base/errors.ts";
import { print, printJson } from "../shared/edge/terminal.ts";
import { type EntryText, type TranscriptExport, toText } from "../shared/transcript/export.ts";
import { type OwnSide, openOwnSide } from "./audit/own.ts";

export function printTranscript(
  run: string | undefined,
  { folder, json }: { folder: string; json?: boolean },
): void {
  const exported = exportTranscript(openOwnSide(folder, { allowPlain: true }), run ?? "");
  const { entries } = exported;
  if (run !== undefined && entries.length === 0)
    throw badInput(
      "run.unknown",
      `${run}: the coordinator signed nothing for this agent in such a run`,
    );
  if (json) return printJson(exported);
  for (const entry of entries) print(describe(entry));
  if (entries.length === 0) print("The coordinator has signed nothing for this agent yet.");
}

/** @param run A run's id or the beginning of one; all runs where empty. */
export function exportTranscript(
  { memberId, room, facts, entries }: OwnSide,
  run: string,
): TranscriptExport {
  const { coordinatorKey } = facts;
  const about = { format: "cloister-transcript", version: 1, room, memberId } as const;
  const own = entries.filter(({ runId }) => runId.startsWith(run));
  return { ...about, coordinatorKey, entries: own.map(toText) };
}

/** What the end of a run asks: nothing. */
const NO_ASK = "00".repeat(32);

function describe({ runId, attempt, ...said }: EntryText): string {
  const place = `run ${runId.slice(0, 12)}  attempt ${attempt}`;
  if (said.kind === "included") return `${place}  survivors ${short(said.inclusion)}`;
  const { round, askHash, head } = said;
  const what = askHash === NO_ASK ? `ends after ${round} rounds` : `opens round ${round}`;
  const model = askHash === NO_ASK ? "" : `  model ${short(askHash)}`;
  return `${place}  ${what}${model}  history ${short(head)}`;
}
