/** The work on one chunk, to be done wherever there is a processor for it. Pure. */
import { assert } from "../base/assert.ts";
import { encodeToCurve, findBadPoint, multiplyInPlace } from "./curve.ts";
import { STAND_IN_BYTES } from "./set.ts";

/** What a chunk is masked with. */
export interface MatchKey {
  /** Clamped, fresh for the run. */
  readonly scalar: Uint8Array;
  /** Under which stand-ins become points; see `pointTag`. */
  readonly tag: Uint8Array;
}

export interface MatchJob {
  /** Whose set this is a chunk of. */
  readonly owner: number;
  /** `encode`: stand-ins of our own. `mask`: points from the member before us, not to be trusted. */
  readonly kind: "encode" | "mask";
  readonly rows: Uint8Array;
}

export interface MatchResult {
  readonly owner: number;
  /** Points times the scalar, in the order of the job's rows; of no use where there is a fault. */
  readonly points: Uint8Array;
  readonly fault: "badPoint" | "lowOrder" | null;
}

/** Both kinds take as long for a dummy as for an identifier. */
export function workOn(job: MatchJob, { scalar, tag }: MatchKey): MatchResult {
  const { owner, kind } = job;
  const points = kind === "encode" ? encodeToCurve(job.rows, STAND_IN_BYTES, tag) : job.rows;
  if (kind === "mask" && findBadPoint(points) >= 0) return { owner, points, fault: "badPoint" };
  const zero = multiplyInPlace(points, scalar);
  assert(kind === "mask" || zero < 0, "a hash is not of low order");
  return { owner, points, fault: zero < 0 ? null : "lowOrder" };
}
