/** Options of `cloister simulate`, checked: each error names the option, what it was, what it must be. Pure. */
import { badInput, CloisterError, EXIT } from "../../shared/base/errors.ts";
import type { MetricName } from "../../shared/charter/task-spec.ts";
import { LIMITS } from "../../shared/protocol/limits.ts";
import { parseNumber } from "../privacy-options.ts";
import { METRIC_NAMES } from "./report.ts";
import type { RowChoice, RowSides } from "./sides.ts";

/** As typed. */
export interface SimulateOptions {
  readonly data: string;
  readonly charter?: string;
  readonly label?: string;
  readonly unit?: string;
  readonly ignore?: string;
  readonly categorical?: string;
  readonly numeric?: string;
  readonly holdout?: string;
  readonly test?: string;
  readonly skip?: string;
  readonly members?: string;
  readonly split?: string;
  readonly skew?: string;
  readonly epsilon?: string;
  readonly delta?: string;
  readonly drop?: string;
  readonly seeds?: string;
  readonly seed?: string;
  readonly metric?: string;
  readonly plot?: string;
  readonly csv?: string;
  readonly json?: string | true;
}

/** What they mean. */
export interface Wanted {
  readonly members: number | null;
  readonly split: string | null;
  readonly skew: number;
  /** Null: nobody named any. */
  readonly epsilons: readonly number[] | null;
  readonly delta: number | null;
  readonly holdout: number;
  readonly sides: RowSides;
  readonly dropProbability: number;
  readonly seeds: readonly string[];
  readonly metric: MetricName;
}

const SEEDS_MAX = 1000;

export function wantedOf(options: SimulateOptions): Wanted {
  checkCombination(options);
  const { members, skew, epsilon, delta, holdout, drop, seeds, seed = "cloister" } = options;
  const count = Number.isSafeInteger;
  const most = LIMITS.membersMax;
  const number = (name: string, text: string | undefined, rule: string, holds: Holds) =>
    text === undefined ? null : checked(name, text, rule, holds);
  const seedCount =
    number("seeds", seeds, `a whole number from 1 to ${SEEDS_MAX}`, (n) => {
      return count(n) && n >= 1 && n <= SEEDS_MAX;
    }) ?? 3;
  return {
    members: number("members", members, `a whole number from 3 to ${most}`, (n) => {
      return count(n) && n >= 3 && n <= most;
    }),
    split: options.split ?? null,
    skew: number("skew", skew, "a number from 0 to 3", (s) => s >= 0 && s <= 3) ?? 0,
    epsilons: epsilon === undefined ? null : epsilonsOf(epsilon),
    delta: number("delta", delta, "a number above 0 and below 0.01", (d) => d > 0 && d < 0.01),
    holdout: number("holdout", holdout, "0.01 to 0.9", (h) => h >= 0.01 && h <= 0.9) ?? 0.2,
    sides: { test: choiceOf("test", options.test), skip: choiceOf("skip", options.skip) },
    dropProbability: number("drop", drop, "0 or more and below 1", (p) => p >= 0 && p < 1) ?? 0,
    seeds: Array.from({ length: seedCount }, (_, i) => seedOf(seed, i)),
    metric: metricOf(options.metric ?? "rocAuc"),
  };
}

/** Names from A,B,C. */
export function listOf(text: string | undefined): string[] {
  return (text ?? "").split(",").filter((name) => name !== "");
}

type Holds = (value: number) => boolean;

function checked(name: string, text: string, rule: string, holds: Holds): number {
  const value = parseNumber(text);
  if (Number.isFinite(value) && holds(value)) return value;
  throw badInput("simulate.option-invalid", `--${name} ${text}: not ${rule}`);
}

function epsilonsOf(text: string): number[] {
  const rule = "numbers above 0, such as 8,3,1";
  const all = listOf(text).map((one) => checked("epsilon", one, rule, (e) => e > 0));
  if (all.length > 0) return [...new Set(all)];
  throw badInput("simulate.option-invalid", `--epsilon ${text}: not ${rule}`);
}

function seedOf(seed: string, index: number): string {
  if (seed !== "" && seed.length <= 90) return `${seed}/${index}`;
  throw badInput("simulate.option-invalid", "--seed: not a text of 1 to 90 characters");
}

function choiceOf(name: string, text: string | undefined): RowChoice | null {
  if (text === undefined) return null;
  const [column = "", ...rest] = text.split("=");
  const values = listOf(rest.join("="));
  if (column !== "" && values.length > 0) return { column, values };
  throw badInput("simulate.option-invalid", `--${name} ${text}: not COLUMN=VALUE,VALUE`);
}

function metricOf(text: string): MetricName {
  const found = METRIC_NAMES.find((name) => name === text);
  if (found) return found;
  throw badInput(
    "simulate.option-invalid",
    `--metric ${text}: not one of ${METRIC_NAMES.join(", ")}`,
  );
}

/** What a charter declares is not asked for a second time; what it does not must be. */
function checkCombination({ charter, members, split, skew, ...others }: SimulateOptions): void {
  if (others.test !== undefined && others.holdout !== undefined)
    throw usage("--test names the rows that are held out, --holdout a share: give one of them");
  if (members !== undefined && split !== undefined)
    throw usage("--members deals rows at random, --split by a column: give one of them");
  if (skew !== undefined && split !== undefined)
    throw usage("--skew is for rows dealt at random: leave it out with --split");
  const declared = [
    "label",
    "unit",
    "ignore",
    "categorical",
    "numeric",
    "holdout",
    "test",
    "skip",
    "delta",
  ] as const;
  if (charter !== undefined) {
    const twice = declared.find((name) => others[name] !== undefined);
    if (twice) throw usage(`--${twice}: the charter says that already; leave it out`);
    return;
  }
  if (others.label === undefined)
    throw usage("--label is missing: name the label's column, or give --charter");
  if (members === undefined && split === undefined)
    throw usage("--members is missing: say how many, or name a column with --split");
}

function usage(message: string): CloisterError {
  return new CloisterError("simulate.options", message, EXIT.usage);
}
