/** Schedules: what a learning rate or a clipping bound is multiplied by in a round. Pure; the same on both sides. */
import { unreachable } from "../shared/base/assert.ts";
import type { Schedule } from "../shared/charter/schedule-spec.ts";

/** Small steps stop here: a clipping bound of zero would be none. */
const FACTOR_MIN = 1e-6;

/**
 * @param round Counts training rounds from 0. @param rounds How many the run has.
 * @returns In (0, 1]; 1 where there is no schedule.
 * @see Goyal et al. 2017, §2.2, for the gradual warm-up; Loshchilov and Hutter 2017 (SGDR), equation 5
 *   without restarts, for the cosine.
 */
export function scheduleFactor(
  schedule: Schedule | undefined,
  round: number,
  rounds: number,
): number {
  if (schedule === undefined) return 1;
  const { warmupRounds } = schedule;
  if (round < warmupRounds) return (round + 1) / (warmupRounds + 1);
  const since = round - warmupRounds;
  switch (schedule.kind) {
    case "constant":
      return 1;
    case "step":
      return Math.max(FACTOR_MIN, schedule.factor ** Math.floor(since / schedule.everyRounds));
    case "cosine": {
      const { floor } = schedule;
      return (
        floor + ((1 - floor) * (1 + Math.cos((Math.PI * since) / (rounds - warmupRounds)))) / 2
      );
    }
    default:
      return unreachable(schedule);
  }
}
