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

const [BAR, GAP, LETTER, NAME_LETTERS_MAX] = [16, 10, 7.2, 28];
/** More would make a picture that nobody reads; the table has all. */
const NAMES_MAX = 60;

export function barsAcross({ x, y, series }: Chart, { left, right, top }: Room): Drawing {
  const all = [...new Set(series.flatMap(({ points }) => points.map((point) => String(point.x))))];
  const names = all.slice(0, NAMES_MAX);
  const letters = Math.max(0, ...names.map((name) => shortened(name).length));
  const start = rounded(left + LETTER * letters + 10);
  const axis = valueAxis(series);
  // The last figure below the axis needs room on its right.
  const end = right - 20;
  const across = (value: number): number => rounded(start + axis.at(value) * (end - start));
  const group = BAR * series.length + GAP;
  const first = top + LETTER + 4;
  const bottom = first + group * names.length;
  const more = all.length - names.length;
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
        (value) =>
          `<line class="rule" x1="${across(value)}" x2="${across(value)}" y1="${first}" y2="${bottom}"/>${svgText(across(value), bottom + 18, tickText(value, axis), "middle")}`,
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

/** Bars have their foot at zero, wherever their values are. */
export function valueAxis(series: Chart["series"], isFromZero = true): Axis {
  const values = series.flatMap(({ points }) =>
    points.flatMap(({ y, low = y, high = y }) => [y, low, high]),
  );
  return axisOver(isFromZero ? [0, ...values] : values, 0, 0);
}

export const tickText = (value: number, { digits }: Axis): string => {
  const text = value.toFixed(Math.min(digits, 12));
  return grouped(/^-0(?:\.0*)?$/.test(text) ? text.slice(1) : text);
};

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
