/**
 * What a vector's tolerance means: which computed numbers are held against which expected ones, and
 * how far they may differ. Pure.
 *
 * | rule | holds for |
 * | --- | --- |
 * | `rel`, `rel_must`, `abs` | every computed number that is also expected; the larger room counts |
 * | `x_rel` | the one whose name ends in `_x`, in place of the above |
 * | `google_rel` | ε: not further than this below `google_epsilon`, nor 10⁻⁶ above it |
 * | `must_be_at_least` | every computed ε: a bound from below |
 * | `x_must_not_exceed` | every computed x: a bound from above |
 * | `rel_target` | nothing: a goal, counted but not demanded |
 */
import { z } from "zod";
import { badInput } from "../../base/errors.ts";
import type { Vector } from "./vector.ts";

/** What a kind computes, by the names that vectors use. */
export type Computed = Readonly<Record<string, number | readonly number[]>>;

export interface Comparison {
  /** `epsilon`, or `pmf[2]`. */
  readonly name: string;
  readonly got: number;
  readonly expected: number;
  readonly measure: "relative" | "absolute" | "at least" | "at most";
  /** How far off, in that measure. For a bound: how far beyond it, relatively. */
  readonly error: number;
  readonly allowed: number;
  readonly passed: boolean;
}

export interface Judgement {
  readonly comparisons: readonly Comparison[];
  /** Expected names that nothing was computed for. */
  readonly notCompared: readonly string[];
  /** Whether `rel_target` was met. Null if there is none. */
  readonly targetMet: boolean | null;
}

/** How far above Google's ε ours may lie. */
const ABOVE_GOOGLE = 1e-6;
const PLAIN_RULES = ["rel", "rel_must", "rel_target", "abs", "must_be_at_least", "google_rel"];

const Expected = z.union([z.number(), z.enum(["inf", "-inf", "nan"]).transform(special)]);
const ExpectedValue = z.union([Expected, z.array(Expected)]);

/** @throws {CloisterError} `privacy.vector-tolerance` If a rule is unknown or holds for nothing. */
export function judge(vector: Vector, computed: Computed): Judgement {
  const { expected, tolerance } = vector;
  const names = Object.keys(expected).filter((name) => name in computed);
  const comparisons = names.flatMap((name) => compareNamed(vector, name, computed[name]));
  for (const [rule, limit] of Object.entries(tolerance)) {
    comparisons.push(...boundsOf(vector, rule, limit, computed));
  }
  if (names.length === 0) {
    const known = Object.keys(computed).join(", ");
    throw fault("expected", `none of its names is computed for this kind; these are: ${known}`);
  }
  const target = tolerance["rel_target"];
  const relative = comparisons.filter(({ measure }) => measure === "relative");
  return {
    comparisons,
    notCompared: Object.keys(expected).filter(
      (name) => !(name in computed) && !used(name, tolerance),
    ),
    targetMet: target === undefined ? null : relative.every(({ error }) => error <= target),
  };
}

function compareNamed(
  { expected, tolerance }: Vector,
  name: string,
  got: Computed[string] = Number.NaN,
): Comparison[] {
  const parsed = ExpectedValue.safeParse(expected[name]);
  if (!parsed.success) throw fault(`expected.${name}`, "a number, or a list of numbers, is needed");
  const [wanted, given] = [[parsed.data].flat(), [got].flat()];
  // A head is compared as far as it is given.
  const length = name.endsWith("_head") ? wanted.length : Math.max(wanted.length, given.length);
  return Array.from({ length }, (_, i) => {
    const label = typeof got === "number" ? name : `${name}[${i}]`;
    return compare(label, given[i] ?? Number.NaN, wanted[i] ?? Number.NaN, room(name, tolerance));
  });
}

interface Room {
  readonly rel: number | undefined;
  readonly abs: number | undefined;
}

function room(name: string, tolerance: Vector["tolerance"]): Room {
  const own = Object.keys(tolerance).find(
    (rule) => rule.endsWith("_rel") && name.endsWith(`_${rule.slice(0, -"_rel".length)}`),
  );
  const rel = own === undefined ? (tolerance["rel"] ?? tolerance["rel_must"]) : tolerance[own];
  const abs = tolerance["abs"];
  if (rel === undefined && abs === undefined)
    throw fault("tolerance", `says nothing about ${name}: give rel or abs`);
  return { rel, abs };
}

function compare(name: string, got: number, expected: number, { rel, abs }: Room): Comparison {
  const difference = got === expected ? 0 : Math.abs(got - expected);
  const scale = Math.abs(expected);
  const absolute = rel === undefined || (abs !== undefined && abs > rel * scale);
  const allowed = (absolute ? abs : rel) ?? 0;
  const error = absolute || difference === 0 ? difference : difference / scale;
  const measure = absolute ? "absolute" : "relative";
  return { name, got, expected, measure, error, allowed, passed: error <= allowed };
}

/** What a rule demands beside closeness. Throws if there is no such rule. */
function boundsOf(
  { expected }: Vector,
  rule: string,
  limit: number,
  computed: Computed,
): Comparison[] {
  if (!(limit >= 0) && !rule.includes("must_"))
    throw fault(`tolerance.${rule}`, "a number of at least 0 is needed");
  if (rule === "must_be_at_least") return bound(rule, "epsilon", computed, limit, "at least");
  if (rule.endsWith("_must_not_exceed")) {
    const about = rule.slice(0, -"_must_not_exceed".length);
    return bound(rule, about, computed, limit, "at most");
  }
  if (rule === "google_rel") {
    const google = Expected.safeParse(expected["google_epsilon"]);
    if (!google.success) throw fault("expected.google_epsilon", "google_rel needs it as a number");
    const [least, most] = [google.data * (1 - limit), google.data * (1 + ABOVE_GOOGLE)];
    return [
      ...bound(rule, "epsilon", computed, least, "at least"),
      ...bound(rule, "epsilon", computed, most, "at most"),
    ];
  }
  const isOwn =
    rule.endsWith("_rel") && Object.keys(computed).some((n) => n.endsWith(`_${rule.slice(0, -4)}`));
  if (PLAIN_RULES.includes(rule) || isOwn) return [];
  throw fault(
    `tolerance.${rule}`,
    "not a rule known here; rel, rel_must, rel_target, abs, x_rel, must_be_at_least, x_must_not_exceed are",
  );
}

/** `about` itself, and all that is named after it: `epsilon`, `epsilon_at_sigma`. */
function bound(
  rule: string,
  about: string,
  computed: Computed,
  limit: number,
  measure: "at least" | "at most",
): Comparison[] {
  const found = Object.entries(computed).filter(
    ([name]) => name === about || name.startsWith(`${about}_`),
  );
  if (found.length === 0) throw fault(`tolerance.${rule}`, `no ${about} is computed for this kind`);
  return found.map(([name, value]) => {
    const got = typeof value === "number" ? value : Number.NaN;
    const passed = measure === "at least" ? got >= limit : got <= limit;
    const error = passed ? 0 : Math.abs(got - limit) / Math.abs(limit);
    return { name, got, expected: limit, measure, error, allowed: 0, passed };
  });
}

/** `google_epsilon` is not computed, but it is used where `google_rel` is given. */
function used(name: string, tolerance: Vector["tolerance"]): boolean {
  return name === "google_epsilon" && "google_rel" in tolerance;
}

function special(text: "inf" | "-inf" | "nan"): number {
  if (text === "nan") return Number.NaN;
  return text === "inf" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
}

function fault(place: string, what: string): Error {
  return badInput("privacy.vector-invalid", `${place}: ${what}`);
}
