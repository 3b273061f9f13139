/**
 * How many customers the members share, to the unit or with noise of their own, by a protocol of their own among
 * themselves instead of a secure sum (`shared/matching`): here are its rules, what it costs, and what the counts come
 * to. Pure.
 */
import { bytesToFloat64, float64ToBytes } from "../../shared/base/bytes.ts";
import { badInput } from "../../shared/base/errors.ts";
import {
  decoysMax,
  MATCH_MEMBERS_MAX,
  MATCH_POINTS_MAX,
  type MatchTask,
} from "../../shared/charter/match-spec.ts";
import { SIZE_MIN } from "../../shared/charter/overlap-spec.ts";
import { decoyEvent } from "../../shared/privacy/accounting/calibrate-decoys.ts";
import type { PartitionedData } from "../data.ts";
import { type MatchedCounts, matchedAnswer } from "../overlap/matched-answer.ts";
import { cellMinOf } from "./cell-min.ts";
import { identifierRule } from "./identified.ts";
import { matchIdentifiers } from "./match-identifiers.ts";
import type { OtherRelease, Task, TaskContext } from "./task.ts";

type MatchContext = TaskContext<MatchTask>;

/** What the release is called in ledgers and logs. */
export const MATCH_RELEASE = "match";

/** Null: not counted yet. */
export interface MatchState {
  readonly counts: MatchedCounts | null;
}

export const matchTask = {
  plannedAsks(context) {
    check(context);
    return [];
  },
  shapeOf: (_, kind) => noSum(kind),
  contribute: (_, { kind }) => noSum(kind),
  begin: () => ({ counts: null }),
  nextAsk: () => null,
  absorb: () => noSum("a sum"),
  answer: (context, { counts }) => (counts === null ? null : answerOf(context, counts)),
  otherRelease,
  columnUse: ({ spec, schema, noise }) => ({
    read: noise && schema.unit ? [schema.unit.column] : [],
    summed: [],
    grouped: [],
    joined: [spec.column],
  }),
  ownNotes,
  besides,
  progress: ({ counts }) => {
    return { done: counts === null ? 0 : 1, total: 1, loss: null, metrics: null };
  },
  encodeState: ({ counts }) =>
    counts === null
      ? new Uint8Array(0)
      : float64ToBytes(Float64Array.from([...counts.byMembers, ...counts.pairs.flat()])),
  decodeState,
} as const satisfies Task<MatchTask, MatchState>;

/** @throws {CloisterError} If it cannot be asked so; says what to change. */
function check(context: MatchContext): void {
  const { spec, noise, memberCount } = context;
  identifierRule(context);
  if (memberCount > MATCH_MEMBERS_MAX)
    throw badInput("match.members", `a match takes ${MATCH_MEMBERS_MAX} members at most`);
  if (noise === null && spec.identifiersPerUnitMax !== undefined) {
    const message = "without noise all identifiers take part: leave out identifiersPerUnitMax";
    throw badInput("match.per-unit", message);
  }
  if (noise !== null && !noise.pools)
    throw badInput("match.decoys", "the manifest does not say how many decoys: make it anew");
  const decoys = decoysMax(memberCount, noise?.pools?.perPool ?? 0);
  const most = Math.floor(MATCH_POINTS_MAX / memberCount) - decoys;
  if (decoys > 0 && most < SIZE_MIN) {
    const why = `the noise of ${memberCount} members takes ${decoys} decoys in every set, twice as many with each member more`;
    throw badInput("match.decoys", `${why}: plan with more epsilon, or ask for an overlap`);
  }
  if (spec.setSize > most) {
    const message = `setSize may be ${most} at most among ${memberCount} members; an overlap takes larger sets`;
    throw badInput("match.set-size", message);
  }
}

/** What the coins hide of one unit. */
function otherRelease({ spec, noise }: MatchContext): OtherRelease | null {
  if (!noise?.pools) return null;
  const { perPool, delta } = noise.pools;
  const event = decoyEvent(perPool, spec.identifiersPerUnitMax ?? 1, delta);
  return { kind: MATCH_RELEASE, partition: "all", event };
}

function answerOf(context: MatchContext, counts: MatchedCounts) {
  const { memberCount, memberIds, noise } = context;
  const cellMin = cellMinOf(context);
  const names = Array.from({ length: memberCount }, (_, k) => memberIds?.[k] ?? `member ${k + 1}`);
  return matchedAnswer(counts, { perPool: noise?.pools?.perPool ?? 0, cellMin, names });
}

function ownNotes(context: MatchContext, data: PartitionedData): readonly string[] {
  const { column, sizeMin, setSize } = context.spec;
  const { different, missingRows, invalidRows } = matchIdentifiers(context, data);
  const counts = `column ${column}: ${different} different identifiers; ${missingRows} rows have none, ${invalidRows} rows none that is valid`;
  if (different > setSize)
    return [counts, `that is more than the run has room for (${setSize}): this agent will decline`];
  const few = `that is below ${sizeMin}: this member takes part with dummies alone`;
  return context.noise === null && different < sizeMin ? [counts, few] : [counts];
}

function besides({ spec, noise, memberCount }: MatchContext): readonly string[] {
  const perPool = noise?.pools?.perPool ?? 0;
  const points = spec.setSize + decoysMax(memberCount, perPool);
  const leaves = [
    `to the other members, sealed: ${memberCount} sets of ${points} masked points, dummies among them, shuffled`,
    "to the coordinator: one of those sets, which all members have masked, and a number under pads",
  ];
  if (perPool === 0)
    return [
      ...leaves,
      "no noise: the coordinator counts, to the unit, which sets have how many points in common",
    ];
  const own = perPool * 2 ** (memberCount - 1);
  return [
    ...leaves,
    `noise of this member's own: of ${own} decoys each goes into its set or not by a coin that nobody else sees`,
    "it holds against the coordinator with all other members, as long as these put in the decoys that the run gives them",
    `a decline tells that this member has more than ${spec.setSize} identifiers: no noise hides that`,
  ];
}

function decodeState({ memberCount }: MatchContext, bytes: Uint8Array): MatchState {
  if (bytes.length === 0) return { counts: null };
  const values = bytes.length % 8 === 0 ? [...bytesToFloat64(bytes)] : [];
  const isWhole = values.every((value) => Number.isSafeInteger(value) && value >= 0);
  if (!isWhole || values.length !== memberCount * (memberCount + 1))
    throw badInput("task.state-unreadable", "The stored state is not one of this task.");
  const row = (i: number): number[] => values.slice(i * memberCount, (i + 1) * memberCount);
  const pairs = Array.from({ length: memberCount }, (_, i) => row(i + 1));
  return { counts: { byMembers: row(0), pairs } };
}

function noSum(kind: string): never {
  throw badInput("task.ask-unknown", `A match asks for no sum, and not for "${kind}".`);
}
