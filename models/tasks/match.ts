/**
 * How many customers the members share, to the unit, by a protocol of their own among themselves instead of a secure sum
 * (`shared/matching`): here are its rules, a member's identifiers, and what the counts come to. Pure.
 */
import { bytesToFloat64, float64ToBytes } from "../../shared/base/bytes.ts";
import type { Rng } from "../../shared/base/env.ts";
import { badInput, CloisterError } from "../../shared/base/errors.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import {
  MATCH_MEMBERS_MAX,
  MATCH_POINTS_MAX,
  type MatchTask,
} from "../../shared/charter/match-spec.ts";
import type { PartitionedData } from "../data.ts";
import { normalIdentifier } from "../overlap/identifiers.ts";
import { type MatchedCounts, matchedAnswer } from "../overlap/matched-answer.ts";
import { cellMinOf } from "./cell-min.ts";
import { identifiedRows, identifierRule } from "./identified.ts";
import { checkAllRows } from "./row-limit.ts";
import type { Task, TaskContext } from "./task.ts";

type MatchContext = TaskContext<MatchTask>;

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
  columnUse: ({ spec }) => ({ read: [], summed: [], grouped: [], joined: [spec.column] }),
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

/** A member's identifiers and what else was in its rows. For the member alone. */
export interface MatchIdentifiers {
  /** In their one spelling, each once; none where they are fewer than the least. */
  readonly taking: ReadonlySet<string>;
  readonly different: number;
  readonly missingRows: number;
  /** Rows whose cell is no identifier of the type. They match nothing. */
  readonly invalidRows: number;
}

/** @throws {CloisterError} If there are more rows than the charter allows. */
export function matchIdentifiers(context: MatchContext, data: PartitionedData): MatchIdentifiers {
  checkAllRows(context.rowsMax, data);
  const rule = identifierRule(context);
  const found = new Set<string>();
  let [missingRows, invalidRows] = [0, 0];
  for (const { cells } of identifiedRows(context, data))
    for (const cell of cells) {
      const identifier = normalIdentifier(cell, rule);
      if (identifier === null) invalidRows += 1;
      else if (identifier === "") missingRows += 1;
      else found.add(identifier);
    }
  const taking = found.size < context.spec.sizeMin ? new Set<string>() : found;
  return { taking, different: found.size, missingRows, invalidRows };
}

/** @throws {CloisterError} If it cannot be asked so; says what to change. */
function check(context: MatchContext): void {
  const { spec, noise, memberCount } = context;
  identifierRule(context);
  if (noise !== null) {
    const why = "exact matching adds no noise of the members' own";
    throw badInput("match.exact-only", `${why}: plan with privacy: none, or ask for an overlap`);
  }
  if (memberCount > MATCH_MEMBERS_MAX)
    throw badInput("match.members", `a match takes ${MATCH_MEMBERS_MAX} members at most`);
  if (memberCount * spec.setSize > MATCH_POINTS_MAX) {
    const most = Math.floor(MATCH_POINTS_MAX / memberCount);
    const message = `setSize may be ${most} at most among ${memberCount} members; an overlap takes larger sets`;
    throw badInput("match.set-size", message);
  }
}

function answerOf(context: MatchContext, counts: MatchedCounts) {
  const { memberCount, memberIds } = context;
  const cellMin = cellMinOf(context);
  const names = Array.from({ length: memberCount }, (_, k) => memberIds?.[k] ?? `member ${k + 1}`);
  return matchedAnswer(counts, { epsilon: null, cellMin, names }, new UniformSource(UNUSED));
}

/** Exact counts draw nothing. */
const UNUSED: Rng = {
  fill() {
    throw new CloisterError("match.exact-only", "an exact answer draws no noise");
  },
};

function ownNotes(context: MatchContext, data: PartitionedData): readonly string[] {
  const { column, sizeMin, setSize } = context.spec;
  const { different, missingRows, invalidRows } = matchIdentifiers(context, data);
  const counts = `column ${column}: ${different} different identifiers; ${missingRows} rows have none, ${invalidRows} rows none that is valid`;
  if (different > setSize)
    return [counts, `that is more than the run has room for (${setSize}): this agent will decline`];
  const few = `that is below ${sizeMin}: this member takes part with dummies alone`;
  return different < sizeMin ? [counts, few] : [counts];
}

function besides({ spec, memberCount }: MatchContext): readonly string[] {
  return [
    `to the other members, sealed: ${memberCount} sets of ${spec.setSize} masked points, dummies among them, shuffled`,
    "to the coordinator: one of those sets, which all members have masked, and a number under pads",
    "no noise: the coordinator counts, to the unit, which sets have how many points in common",
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
