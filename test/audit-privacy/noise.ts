/** EDGE: runs over no records, where whatever is opened is noise: is it as much as claimed, from all, and fresh? */
import { assert } from "../../shared/base/assert.ts";
import type { Rng } from "../../shared/base/env.ts";
import { canarySchema, canaryTask, NO_CANARIES } from "./canaries.ts";
import type { PlantedBug } from "./planted.ts";
import { accountedStdDev, claimedStdDev, openedGradient, stepsPerUnit } from "./released.ts";
import { type AuditRoom, auditRoom, playAudited, type RoomSetting } from "./room.ts";
import { checkSigma, isAsClaimed, isEnough, type SigmaCheck } from "./sigma.ts";
import { repeatedWindows } from "./windows.ts";

export interface NoiseAudit {
  /** The opened sums, against √(members in the sum) shares. */
  readonly opened: SigmaCheck;
  /**
   * With the dropouts gone, what is left of them when the most telling colluders subtract their shares, against
   * what the accounting counts on. Null where the coordinator adds the noise.
   */
  readonly uncolluded: SigmaCheck | null;
  /** Sums that were not what the members in them sent, to the grid step. */
  readonly wrongSums: number;
  /** Stretches of 64 draws that occurred before, at the same member or another. */
  readonly repeats: number;
}

export interface NoisePlan {
  /** Coordinates of one sum, about. */
  readonly dimension: number;
  readonly rounds: number;
  readonly bug?: PlantedBug;
  /** Left out: seeded. */
  readonly rng?: Rng;
}

interface NoiseRound {
  readonly opened: Float64Array;
  readonly survivors: readonly number[];
  /** By member. */
  readonly vectors: ReadonlyMap<number, Int32Array>;
}

/** Members who may drop out do so after half of the rounds. */
export function noiseAudit(setting: RoomSetting, plan: NoisePlan, seed: string): NoiseAudit {
  const { rounds, dimension } = plan;
  const task = canaryTask(setting, { rounds, samplingProbability: 0.5 });
  const room = auditRoom(setting, canarySchema(dimension), task, dimension / 2, seed);
  const seen = play(room, plan);
  assert(seen.length === rounds, "every round was seen");
  const vectors = seen.flatMap((round) => [...round.vectors.values()]);
  const isGrid = setting.encoding === undefined;
  const drawn = isGrid && setting.placement !== "central";
  return {
    opened: checkSigma(normalised(room, seen), 1),
    uncolluded: drawn ? uncolluded(room, seen) : null,
    wrongSums: drawn ? seen.filter((round) => !isSumOfVectors(room, round)).length : 0,
    repeats: drawn ? repeatedWindows(vectors) : 0,
  };
}

export function isSound({ opened, uncolluded, wrongSums, repeats }: NoiseAudit): boolean {
  const enough = uncolluded === null || isEnough(uncolluded);
  return isAsClaimed(opened) && enough && wrongSums === 0 && repeats === 0;
}

function play(room: AuditRoom, { bug, rng, rounds }: NoisePlan): NoiseRound[] {
  const seen: NoiseRound[] = [];
  let vectors = new Map<number, Int32Array>();
  let { clipNorm } = room.context.spec.strategy;
  playAudited(room, {
    dataOf: () => NO_CANARIES,
    colludersTakePart: true,
    dropoutRound: Math.floor(rounds / 2),
    ...(bug && { stepsOf: bug.stepsOf }),
    ...(rng && { rngOf: () => rng }),
    onVector: (index, _attempt, ring) => vectors.set(index, new Int32Array(ring.buffer)),
    onState: (state, ids) => {
      const survivors = ids.map((id) => room.charter.members.indexOf(id));
      seen.push({ opened: openedGradient(room, state, clipNorm), survivors, vectors });
      ({ clipNorm } = state);
      vectors = new Map();
    },
  });
  return seen;
}

/** Every opened coordinate over the σ that it should have. */
function* normalised(room: AuditRoom, seen: readonly NoiseRound[]): Generator<number> {
  for (const { opened, survivors } of seen) {
    const stdDev = claimedStdDev(room, survivors.length);
    for (const value of opened) yield value / stdDev;
  }
}

function isSumOfVectors(room: AuditRoom, { opened, survivors, vectors }: NoiseRound): boolean {
  const perUnit = stepsPerUnit(room);
  const sum = sumOf(survivors, vectors, opened.length);
  return sum.every((steps, i) => Math.abs(steps - (opened[i] ?? 0) * perUnit) < 0.01);
}

function sumOf(
  members: readonly number[],
  vectors: ReadonlyMap<number, Int32Array>,
  length: number,
): Float64Array {
  const sum = new Float64Array(length);
  for (const member of members) {
    const vector = vectors.get(member);
    assert(vector !== undefined, "whoever is in the sum sent a vector");
    for (let i = 0; i < length; i++) sum[i] = (sum[i] ?? 0) + (vector[i] ?? 0);
  }
  return sum;
}

/** The least noise that any `colluders` of the survivors leave. */
function uncolluded(room: AuditRoom, seen: readonly NoiseRound[]): SigmaCheck {
  const { setting } = room;
  const late = seen.filter(
    ({ survivors }) => survivors.length === setting.members - setting.dropouts,
  );
  const alive = late[0]?.survivors ?? [];
  const stdDev = accountedStdDev(room) * stepsPerUnit(room);
  const checks = subsets(alive, alive.length - setting.colluders).map((honest) =>
    checkSigma(left(honest, late), stdDev),
  );
  return checks.reduce((least, next) => (next.score < least.score ? next : least));
}

function* left(honest: readonly number[], rounds: readonly NoiseRound[]): Generator<number> {
  for (const { opened, vectors } of rounds) yield* sumOf(honest, vectors, opened.length);
}

/** All choices of `size` of the items. */
export function subsets<T>(items: readonly T[], size: number): T[][] {
  if (size === 0) return [[]];
  return items.flatMap((item, i) =>
    subsets(items.slice(i + 1), size - 1).map((rest) => [item, ...rest]),
  );
}
