/** Bars of named things, one below the other, with their names before them and error bars through their ends. Pure. */
import type { Chart } from "./answer.ts";
import { grouped } from "./figures.ts";
import { type Axis, axisOver, rounded, STYLES, svgText } from "./svg-paper.ts";

/** Where a drawing may be; its height is its own. */
export interface Room {
  readonly left: number;
  readonly right: number;
  readonly top: number;
}

export interface Drawing {
  readonly parts: readonly string[];
  /** Of the whole picture. */
  readonly height: number;
}

const [BAR, GAP, LETTER, NAME_LETTERS_MAX] = [16, 10, 7.8, 28];
/** More would make a picture that nobody reads; the table has all. */
const NAMES_MAX = 60;

export function barsAcross({ x, y, series }: Chart, { left, right, top }: Room): Drawing {
  const all = [...new Set(series.flatMap(({ points }) => points.map((point) => String(point.x))))];
  const names = all.slice(0, NAMES_MAX);
  const letters = Math.max(0, ...names.map((name) => shortened(name).length));
  const start = rounded(left + LETTER * letters + 14);
  const axis = valueAxis(series);
  // The last figure below the axis needs room on its right.
  const end = right - 20;
  const across = (value: number): number => rounded(start + within(axis, value) * (end - start));
  const group = BAR * series.length + GAP;
  const first = top + LETTER + 4;
  const bottom = first + group * names.length;
  const more = all.length - names.length;
  const figures = axis.steps.map((value) => tickText(value, axis));
  const every = labelEvery(figures, (end - start) / (figures.length - 1));
  const bars = series.flatMap(({ points }, i) =>
    points.flatMap((point) => {
      const place = names.indexOf(String(point.x));
      if (place < 0) return [];
      const at = rounded(first + group * place + BAR * i + GAP / 2);
      const [from, to] = [across(0), across(point.y)];
      const box = `<rect class="bar" x="${Math.min(from, to)}" y="${at}" width="${rounded(Math.abs(to - from))}" height="${BAR - 3}"/>`;
      const error = errorAcross(point.low, point.high, across, at + (BAR - 3) / 2);
      return [`<g class="s${i % STYLES.length}">${box}</g>${error}`];
    }),
  );
  return {
    parts: [
      svgText(left, first - 4, x, "start"),
      ...axis.steps.map(
        (value, i) =>
          `<line class="rule" x1="${across(value)}" x2="${across(value)}" y1="${first}" y2="${bottom}"/>${i % every === 0 ? svgText(across(value), bottom + 18, figures[i] ?? "", "middle") : ""}`,
      ),
      ...names.map((name, i) =>
        svgText(start - 8, rounded(first + group * (i + 0.5) + 5), shortened(name), "end"),
      ),
      ...bars,
      svgText((start + end) / 2, bottom + 40, y, "middle"),
      ...(more > 0 ? [svgText(left, bottom + 60, `… and ${more} more`, "start")] : []),
    ],
    height: Math.ceil(bottom + (more > 0 ? 72 : 52)),
  };
}

/**
 * Over values and the ends of their intervals. Where no value is below zero the axis is not either: an interval that
 * noise takes there is cut off, so use `within`.
 *
 * @param isFromZero Bars have their foot at zero, wherever their values are.
 */
export function valueAxis(series: Chart["series"], isFromZero = true): Axis {
  const points = series.flatMap((one) => one.points);
  const least = points.every(({ y }) => y >= 0) ? 0 : Number.NEGATIVE_INFINITY;
  const values = points.flatMap(({ y, low = y, high = y }) => [y, Math.max(low, least), high]);
  return axisOver(isFromZero ? [0, ...values] : values, ANSWERS);
}

/** How axes of answers are: without room at their ends, and enlarged as far as it goes. */
export const ANSWERS = { margin: 0, spanMin: 0, stepsAbout: 8 } as const;

/** The place of a value, or of the axis's end that it lies beyond. */
export const within = ({ at }: Axis, value: number): number => Math.min(1, Math.max(0, at(value)));

export const tickText = (value: number, { digits }: Axis): string => {
  const text = value.toFixed(Math.min(digits, 12));
  return grouped(/^-0(?:\.0*)?$/.test(text) ? text.slice(1) : text);
};

/** Of labels so far apart, which ones do not run into each other: the first, and then every so many. */
export function labelEvery(labels: readonly string[], apart: number): number {
  const widest = LETTER * Math.max(0, ...labels.map((label) => label.length)) + LETTER;
  return Math.max(1, Math.ceil(widest / apart));
}

function errorAcross(
  low: number | undefined,
  high: number | undefined,
  across: (value: number) => number,
  y: number,
): string {
  if (!(Number.isFinite(low) && Number.isFinite(high))) return "";
  const [from, to] = [across(low ?? 0), across(high ?? 0)];
  return `<path class="error" d="M${from} ${y - 4}v8M${from} ${y}H${to}M${to} ${y - 4}v8"/>`;
}

const shortened = (name: string): string =>
  name.length <= NAME_LETTERS_MAX ? name : `${name.slice(0, NAME_LETTERS_MAX - 1)}…`;
