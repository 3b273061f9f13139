/** Options of `cloister privacy`, checked: each error names the option, what it was, what it must be. Pure. */
import { badInput, CloisterError, EXIT } from "../shared/base/errors.ts";
import type { NeighboringRelation } from "../shared/privacy/accounting/pld/accountant.ts";

/** As typed. */
export interface NumberOptions {
  readonly accountant?: string;
  readonly samplingProbability?: string;
  readonly noiseMultiplier?: string;
  readonly steps?: string;
  readonly epsilon?: string;
  readonly delta?: string;
  readonly neighboringRelation?: string;
  readonly solve?: string;
  readonly json?: boolean;
}

const SOLVABLE = ["noise-multiplier", "steps", "sampling-probability"] as const;
export type Solvable = (typeof SOLVABLE)[number];
const RELATIONS = ["add-or-remove-one", "replace-one"] as const;
const ACCOUNTANTS = ["rdp", "pld"] as const;

export function accountantOf({ accountant }: NumberOptions): (typeof ACCOUNTANTS)[number] {
  return oneOf("--accountant", accountant, ACCOUNTANTS);
}

export function samplingOf({ samplingProbability }: NumberOptions): number {
  return numberOf(
    "--sampling-probability",
    samplingProbability,
    "a number in (0, 1]",
    (q) => q > 0 && q <= 1,
  );
}

export function noiseOf({ noiseMultiplier }: NumberOptions): number {
  const rule = "a number above 0: without noise no ε is finite";
  return numberOf("--noise-multiplier", noiseMultiplier, rule, (z) => z > 0);
}

export function stepsOf({ steps }: NumberOptions): number {
  const rule = "a whole number from 1";
  return numberOf("--steps", steps, rule, (count) => Number.isSafeInteger(count) && count >= 1);
}

export function epsilonOf({ epsilon }: NumberOptions): number {
  return numberOf("--epsilon", epsilon, "a number above 0", (value) => value > 0);
}

export function deltaOf({ delta }: NumberOptions): number {
  return numberOf("--delta", delta, "a number in (0, 1)", (value) => value > 0 && value < 1);
}

export function relationOf({ neighboringRelation }: NumberOptions): NeighboringRelation {
  return oneOf("--neighboring-relation", neighboringRelation, RELATIONS);
}

export function solveOf({ solve }: NumberOptions): Solvable {
  return oneOf("--solve", solve, SOLVABLE);
}

/** @throws {CloisterError} If what is to be found is given as well. */
export function withoutSolved(options: NumberOptions, what: Solvable): void {
  const given = {
    "noise-multiplier": options.noiseMultiplier,
    steps: options.steps,
    "sampling-probability": options.samplingProbability,
  };
  if (given[what] === undefined) return;
  throw badInput(
    "privacy.option-invalid",
    `--${what} is what is solved for: leave it out, or give another --solve`,
  );
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** Decimal or exponential notation only, else NaN: Number() alone would take "" and "0x1". */
export function parseNumber(text: string): number {
  return NUMBER.test(text) ? Number(text) : Number.NaN;
}

export function numberOf(
  option: string,
  text: string | undefined,
  rule: string,
  holds: (value: number) => boolean,
): number {
  if (text === undefined) throw missing(option, rule);
  const value = parseNumber(text);
  if (Number.isFinite(value) && holds(value)) return value;
  throw badInput("privacy.option-invalid", `${option} ${text}: not ${rule}`);
}

function oneOf<T extends string>(option: string, text: string | undefined, all: readonly T[]): T {
  const found = all.find((one) => one === text);
  if (found !== undefined) return found;
  if (text === undefined) throw missing(option, all.join(" or "));
  throw badInput("privacy.option-invalid", `${option} ${text}: not ${all.join(" or ")}`);
}

function missing(option: string, rule: string): CloisterError {
  const message = `${option} is missing: give ${rule}`;
  return new CloisterError("privacy.option-missing", message, EXIT.usage);
}
