/**
 * Numbers of an answer in words: no more digits than the interval gives a meaning to. Pure.
 *
 * An interval's half-width keeps two significant digits, and the value as many decimals as that: the usual rule for
 * stating uncertainty (JCGM 100:2008, Guide to the expression of uncertainty in measurement, 7.2.6).
 */
import { unreachable } from "../../shared/base/assert.ts";
import type { Cell, Column, Estimate } from "./answer.ts";

type Kind = Column["kind"];

/** What stands for a cell that holds nothing. */
export const NOT_GIVEN = "not given";
const INTERVAL_DIGITS = 2;
const EXACT_DIGITS = 6;
const DECIMALS_MAX = 12;
/** Below this a probability is said to be less. */
const PROBABILITY_MIN = 1e-4;
/** An interval is "±" where its sides are alike to this share of its width. */
const SYMMETRY = 0.05;

export function cellText(cell: Cell, kind: Kind): string {
  if (cell === null) return NOT_GIVEN;
  if (typeof cell === "string") return cell;
  if (typeof cell === "object") return estimateText(cell, kind);
  return exactText(cell, kind);
}

/** A number that nothing is uncertain about. */
function exactText(value: number, kind: Kind): string {
  if (Number.isNaN(value)) return NOT_GIVEN;
  if (!Number.isFinite(value)) return value > 0 ? "infinite" : "minus infinite";
  switch (kind) {
    case "share":
      return `${withDecimals(100 * value, 2)} %`;
    case "probability":
      return probabilityText(value);
    case "count":
      return Number.isInteger(value) ? grouped(value.toFixed(0)) : significant(value);
    case "number":
    case "text":
      return Number.isSafeInteger(value) ? grouped(value.toFixed(0)) : significant(value);
    default:
      return unreachable(kind);
  }
}

function probabilityText(value: number): string {
  if (value >= 0 && value < PROBABILITY_MIN) return `< ${PROBABILITY_MIN}`;
  return withDecimals(value, 4);
}

/** Intervals that are open, or that say of a count no more than how large it can be, are told by their end. */
function estimateText({ value, low, high }: Estimate, kind: Kind): string {
  const scale = kind === "share" ? 100 : 1;
  const suffix = kind === "share" ? " %" : "";
  const [v, l, h] = [scale * value, scale * low, scale * high];
  if (Number.isNaN(v)) return NOT_GIVEN;
  if (!(l < h)) return Number.isFinite(v) ? exactText(value, kind) : openText(l, h, suffix);
  const isOpen = !Number.isFinite(h) || !Number.isFinite(l);
  if (isOpen) return openText(l, h, suffix);
  const decimals = decimalsFor((h - l) / 2);
  const write = (number: number): string => withDecimals(number, decimals);
  if ((kind === "count" || kind === "share") && v <= 0 && h > 0)
    return `at most ${write(h)}${suffix}`;
  const isSymmetric = Math.abs(h - v - (v - l)) <= SYMMETRY * (h - l);
  if (isSymmetric) return `${write(v)} ± ${write((h - l) / 2)}${suffix}`;
  return `${write(v)} (${write(l)} to ${write(h)})${suffix}`;
}

function openText(low: number, high: number, suffix: string): string {
  if (Number.isFinite(low)) return `at least ${significant(low)}${suffix}`;
  if (Number.isFinite(high)) return `at most ${significant(high)}${suffix}`;
  return NOT_GIVEN;
}

/** Decimals with which a half-width has two significant digits; negative: tens, hundreds and so on. */
function decimalsFor(halfWidth: number): number {
  const power = Math.floor(Math.log10(halfWidth));
  // 0.0996 would become 0.100, of three digits.
  const rounds = Math.round(halfWidth / 10 ** (power - INTERVAL_DIGITS + 1)) >= 100 ? 1 : 0;
  return Math.min(DECIMALS_MAX, INTERVAL_DIGITS - 1 - power - rounds);
}

function withDecimals(value: number, decimals: number): string {
  if (decimals >= 0) return grouped(withoutMinusZero(value.toFixed(decimals)));
  const step = 10 ** -decimals;
  return grouped(withoutMinusZero((Math.round(value / step) * step).toFixed(0)));
}

/** Six digits or all whole ones, without zeros that say nothing; the largest and the smallest by powers of ten. */
function significant(value: number): string {
  const size = Math.abs(value);
  if (size >= 10 ** (EXACT_DIGITS - 1) && size < 1e15) return grouped(value.toFixed(0));
  if (size !== 0 && (size >= 1e15 || size < 1e-6)) return value.toExponential(3);
  const text = String(Number(value.toPrecision(EXACT_DIGITS)));
  return text.includes("e") ? value.toExponential(3) : grouped(text);
}

const withoutMinusZero = (text: string): string => (/^-[0.]*$/.test(text) ? text.slice(1) : text);

/** Thousands apart by commas. */
export function grouped(text: string): string {
  const [whole = "", fraction] = text.split(".");
  const parted = whole.replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
  return fraction === undefined ? parted : `${parted}.${fraction}`;
}
