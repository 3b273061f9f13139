/**
 * Holds this code's numbers against vectors that others made. Pure. What cannot be computed is
 * reported as not run, and a vector that makes no sense as failed: nothing passes unseen.
 */
import { InvariantError } from "../../base/assert.ts";
import { badInput, CloisterError } from "../../base/errors.ts";
import { type Comparison, type Computed, type Judgement, judge } from "./tolerance.ts";
import type { Vector } from "./vector.ts";

/**
 * Computes what one kind of vector asks for.
 *
 * @throws {CloisterError} If the inputs are not this kind's, or nothing satisfies them.
 */
export type Kind = (inputs: unknown) => Computed;

/** A vector that does not pass, and why. */
export interface Failure {
  readonly id: string;
  readonly kind: string;
  /** What was off. Empty if nothing could be compared. */
  readonly comparisons: readonly Comparison[];
  /** What is wrong with the vector, or why nothing could be computed. */
  readonly reason: string | null;
}

export interface KindReport {
  readonly kind: string;
  readonly vectors: number;
  readonly passed: number;
  /** The comparison that came closest to its tolerance, or went furthest beyond. */
  readonly worst: (Comparison & { readonly id: string }) | null;
  /** Vectors that met their stricter goal, of those that have one. */
  readonly targets: { readonly met: number; readonly of: number } | null;
  /** Expected names that nothing is computed for: other libraries' numbers, and the like. */
  readonly notCompared: readonly string[];
}

export interface CheckReport {
  readonly passed: number;
  readonly failed: number;
  readonly notRun: number;
  readonly kinds: readonly KindReport[];
  readonly kindsNotRun: readonly { readonly kind: string; readonly vectors: number }[];
  readonly failures: readonly Failure[];
}

/** @throws {CloisterError} `privacy.nothing-to-check` If no vector is of a kind in `kinds`. */
export function checkVectors(
  vectors: readonly Vector[],
  kinds: ReadonlyMap<string, Kind>,
): CheckReport {
  const groups = [...Map.groupBy(vectors, ({ kind }) => kind)];
  const outcomes = groups.flatMap(([name, group]) => {
    const kind = kinds.get(name);
    return kind ? [checkKind(name, group, kind)] : [];
  });
  if (outcomes.length === 0) {
    const known = [...kinds.keys()].join(", ");
    throw badInput("privacy.nothing-to-check", `no vector is of a kind known here: ${known}`);
  }
  const kindsNotRun = groups
    .filter(([name]) => !kinds.has(name))
    .map(([kind, group]) => ({ kind, vectors: group.length }));
  const failures = outcomes.flatMap((outcome) => outcome.failures);
  const notRun = kindsNotRun.reduce((sum, { vectors: count }) => sum + count, 0);
  return {
    passed: vectors.length - notRun - failures.length,
    failed: failures.length,
    notRun,
    kinds: outcomes.map(({ report }) => report),
    kindsNotRun,
    failures,
  };
}

interface KindOutcome {
  readonly report: KindReport;
  readonly failures: readonly Failure[];
}

function checkKind(name: string, vectors: readonly Vector[], kind: Kind): KindOutcome {
  const judgements: { id: string; judgement: Judgement }[] = [];
  const failures: Failure[] = [];
  for (const vector of vectors) {
    const { id } = vector;
    const judged = judgeOne(vector, kind);
    if (typeof judged === "string") {
      failures.push({ id, kind: name, comparisons: [], reason: judged });
      continue;
    }
    judgements.push({ id, judgement: judged });
    const off = judged.comparisons.filter(({ passed }) => !passed);
    if (off.length > 0) failures.push({ id, kind: name, comparisons: off, reason: null });
  }
  const compared = judgements.flatMap(({ id, judgement }) =>
    judgement.comparisons.map((comparison) => ({ ...comparison, id })),
  );
  const targets = judgements.flatMap(({ judgement }) => judgement.targetMet ?? []);
  const report = {
    kind: name,
    vectors: vectors.length,
    passed: vectors.length - failures.length,
    worst: compared.reduce(worse, null),
    targets:
      targets.length === 0 ? null : { met: targets.filter(Boolean).length, of: targets.length },
    notCompared: [...new Set(judgements.flatMap(({ judgement }) => judgement.notCompared))],
  };
  return { report, failures };
}

/** A judgement, or why there is none. Errors of other sorts are bugs, and not caught. */
function judgeOne(vector: Vector, kind: Kind): Judgement | string {
  try {
    return judge(vector, kind(vector.inputs));
  } catch (error) {
    if (error instanceof CloisterError) return error.message;
    if (error instanceof InvariantError) return `cannot be computed: ${error.message}`;
    throw error;
  }
}

type Placed = Comparison & { readonly id: string };

function worse(a: Placed | null, b: Placed): Placed {
  return a === null || !(severity(b) <= severity(a)) ? b : a;
}

/** Error over what is allowed; bounds and exact demands count only when broken. */
function severity({ error, allowed, passed }: Comparison): number {
  if (error === 0) return passed ? 0 : Number.POSITIVE_INFINITY;
  return Number.isNaN(error) ? Number.POSITIVE_INFINITY : error / allowed;
}
