/** One member's part in its room: the runs and rounds that its data went into, and from when on there are none. Pure. */
import { linesOf, parseLine } from "./entry.ts";
import type { RoomState, Stated } from "./state.ts";

export interface Part {
  /** Runs with a released sum that the member was a survivor of, in the order of their first. */
  readonly runs: readonly { readonly runId: string; readonly rounds: readonly number[] }[];
  /** The last such sum. */
  readonly last: { readonly entry: number; readonly atMs: number } | null;
  /** Null: it has not left, or enrolled anew since. */
  readonly left: Stated | null;
  /** Runs that may still ask for its data: it is in their rosters, and they are not over in this copy. */
  readonly open: readonly string[];
}

/** @param copy One that holds. @param state As its end has it. */
export function partOf(copy: Uint8Array, state: RoomState, memberId: string): Part {
  const rounds = new Map<string, number[]>();
  let last: Part["last"] = null;
  for (const text of linesOf(copy)) {
    const line = parseLine(text);
    if (!line || !("sequence" in line) || line.body.type !== "roundReleased") continue;
    const { runId, round, survivors } = line.body;
    if (!survivors.includes(memberId)) continue;
    const ofRun = rounds.get(runId) ?? [];
    ofRun.push(round);
    rounds.set(runId, ofRun);
    last = { entry: line.sequence, atMs: line.atMs };
  }
  const open = [...state.runs].filter(
    ([, { phase, manifest }]) =>
      (phase === "proposed" || phase === "running") &&
      manifest.roster.some((listed) => listed.memberId === memberId),
  );
  return {
    runs: [...rounds].map(([runId, ofRun]) => ({ runId, rounds: ofRun })),
    last,
    left: state.left.get(memberId) ?? null,
    open: open.map(([runId]) => runId),
  };
}
