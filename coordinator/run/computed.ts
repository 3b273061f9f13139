/** What computed a run's model, as its members said: those whose vectors are in a sum that was opened. Pure. */
import { ENGINE_NAMES, type EngineName } from "../../shared/base/engine-name.ts";
import type { RunSummary } from "./events.ts";

export interface ComputedBy {
  readonly engine: EngineName;
  /** One that moved to another machine may be with two engines. */
  readonly memberIds: readonly string[];
}

/** @returns The fastest first, and none that nobody had; empty for tasks without an engine, and for older runs. */
export function computedBy({ rounds, engines }: RunSummary): readonly ComputedBy[] {
  const counted = new Set(rounds.flatMap(({ survivors }) => survivors));
  return ENGINE_NAMES.flatMap((engine) => {
    const own = engines.filter((told) => told.engine === engine && counted.has(told.memberId));
    const memberIds = [...new Set(own.map(({ memberId }) => memberId))];
    return memberIds.length === 0 ? [] : [{ engine, memberIds }];
  });
}
