/**
 * A chart of an answer as SVG: bars with error bars, lines with bands, steps. Letters are large enough at 480 pixels;
 * who does not see it is told in words. Pure.
 */
import { counted } from "../../shared/base/counted.ts";
import type { Chart, Point, Series } from "./answer.ts";
import { cellText } from "./figures.ts";
import { barsAcross } from "./svg-bars.ts";
import { rounded, STYLES, svgDocument, svgText } from "./svg-paper.ts";
import { barsUp, linesUp } from "./svg-plot.ts";

const [WIDTH, FONT_SIZE, MARGIN] = [640, 14, 16];
/** Of a letter, on average, at that size. */
const LETTER = 7.8;
const LINE = 20;
const SAMPLE = 34;
/** Points of a series that the description names one by one. */
const TOLD_MAX = 12;
const STYLES_OF_ITS_OWN =
  ".area { stroke: none; fill-opacity: .2 } .bar { fill-opacity: .75 } .error { stroke: var(--ink); stroke-width: 1.5; fill: none }";

/** @returns A whole document. Points that are not finite are left out. Series beyond six share colours and marks. */
export function chartSvg(chart: Chart): string {
  const { title } = chart;
  const drawn = { ...chart, series: chart.series.map(finite) };
  const titleLines = brokenTitle(title);
  const head = titleLines.map((line, i) => svgText(MARGIN, 24 + LINE * i, line, "start"));
  const legendTop = 24 + LINE * titleLines.length;
  const legend = legendOf(drawn, legendTop);
  const top = legendTop + legend.rows * LINE;
  const { parts, height } = drawingOf(drawn)(drawn, { left: MARGIN, right: WIDTH - MARGIN, top });
  const paper = { width: WIDTH, height, fontSize: FONT_SIZE, title, description: inWords(drawn) };
  return svgDocument({ ...paper, styles: STYLES_OF_ITS_OWN }, [...head, ...legend.parts, ...parts]);
}

/** Bars of named things lie, so that their names can be read; bars along a scale stand on it. */
function drawingOf({ kind, series }: Chart): typeof barsAcross {
  if (kind !== "bars") return linesUp;
  const isNamed = series.some(({ points }) => points.some(({ x }) => typeof x === "string"));
  return isNamed ? barsAcross : barsUp;
}

const isFinitePoint = ({ x, y }: Point): boolean =>
  Number.isFinite(y) && (typeof x === "string" || Number.isFinite(x));

const finite = ({ name, points }: Series): Series => ({
  name,
  points: points.filter(isFinitePoint),
});

function brokenTitle(title: string): string[] {
  const letters = Math.floor((WIDTH - 2 * MARGIN) / LETTER);
  const lines = [""];
  for (const word of title.split(/\s+/u)) {
    const line = lines.at(-1) ?? "";
    if (line !== "" && line.length + 1 + word.length > letters) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines;
}

/** One series needs none. */
function legendOf({ kind, series }: Chart, top: number): { parts: string[]; rows: number } {
  if (series.length < 2) return { parts: [], rows: 0 };
  let [x, row] = [MARGIN, 0];
  const parts = series.map(({ name }, i) => {
    const width = SAMPLE + LETTER * name.length + 18;
    if (x > MARGIN && x + width > WIDTH - MARGIN) [x, row] = [MARGIN, row + 1];
    const part = legendItem(kind, name, i, x, top + row * LINE);
    x = rounded(x + width);
    return part;
  });
  return { parts, rows: row + 1 };
}

function legendItem(kind: Chart["kind"], name: string, i: number, x: number, y: number): string {
  const style = STYLES[i % STYLES.length] ?? STYLES[0];
  const dash = style.dash === "" ? "" : ` stroke-dasharray="${style.dash}"`;
  const sample =
    kind === "bars"
      ? `<rect class="bar" x="${x + 6}" y="${y - 11}" width="18" height="12"/>`
      : `<path class="line" d="M${x} ${y - 4}h28"${dash}/>${kind === "lines" ? style.mark(x + 14, y - 4) : ""}`;
  return `<g class="s${i % STYLES.length}">${sample}</g>${svgText(x + SAMPLE, y, name, "start")}`;
}

/** The chart, for whoever does not see it. */
function inWords({ title, x, y, series }: Chart): string {
  const told = series.map(({ name, points }) => `${name}: ${pointsInWords(points)}`);
  const bounds = series.some(({ points }) => points.some(({ low }) => low !== undefined))
    ? " Intervals are of 95 %."
    : "";
  return `${title}. ${y} against ${x}.${bounds} ${told.join("; ")}.`;
}

function pointsInWords(points: readonly Point[]): string {
  if (points.length === 0) return "no points";
  if (points.length <= TOLD_MAX) return points.map(pointInWords).join(", ");
  const sorted = [...points].sort((a, b) => a.y - b.y);
  const named: readonly (readonly [string, Point | undefined])[] = [
    ["from", points[0]],
    ["to", points.at(-1)],
    ["lowest", sorted[0]],
    ["highest", sorted.at(-1)],
  ];
  const ends = named.map(([word, point]) => `${word} ${point ? pointInWords(point) : ""}`);
  return `${counted(points.length, "point")}, ${ends.join(", ")}`;
}

function pointInWords({ x, y, low, high }: Point): string {
  const where = typeof x === "string" ? x : cellText(x, "number");
  const value = low === undefined || high === undefined ? y : { value: y, low, high };
  return `${where} ${cellText(value, "number")}`;
}
