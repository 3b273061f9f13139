/** EDGE: `cloister agent transcript`: what the coordinator signed for this member, to read or to compare. */
import { badInput } from "../shared/base/errors.ts";
import { print, printJson } from "../shared/edge/terminal.ts";
import type { SignedEntry } from "../shared/transcript/chain.ts";
import { type TranscriptExport, toText } from "../shared/transcript/export.ts";
import { openOwnSide } from "./audit/own.ts";

export function printTranscript(
  run: string | undefined,
  { folder, json }: { folder: string; json?: boolean },
): void {
  const { memberId, room, facts, entries: all } = openOwnSide(folder, { allowPlain: true });
  const entries = all.filter(({ runId }) => runId.startsWith(run ?? ""));
  if (run !== undefined && entries.length === 0)
    throw badInput(
      "run.unknown",
      `${run}: the coordinator signed nothing for this agent in such a run`,
    );
  if (!json) {
    for (const entry of entries) print(describe(entry));
    if (entries.length === 0) print("The coordinator has signed nothing for this agent yet.");
    return;
  }
  const { coordinatorKey } = facts;
  const about = { format: "cloister-transcript", version: 1, room, memberId } as const;
  const exported: TranscriptExport = { ...about, coordinatorKey, entries: entries.map(toText) };
  printJson(exported);
}

function describe(entry: SignedEntry): string {
  const { runId, attempt, ...said } = toText(entry);
  const place = `run ${runId.slice(0, 12)}  attempt ${attempt}`;
  return said.kind === "included"
    ? `${place}  survivors ${said.inclusion.slice(0, 16)}…`
    : `${place}  opens round ${said.round}  model ${said.askHash.slice(0, 16)}…  history ${said.head.slice(0, 16)}…`;
}
