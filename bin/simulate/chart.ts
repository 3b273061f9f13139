/** A line chart as SVG: values with ranges over a few named places, and levels across. Legible in light and dark. Pure. */
import {
  type Axis,
  axisOver,
  escaped,
  rounded,
  STYLES,
  svgDocument,
  svgText,
} from "../../models/answers/svg-paper.ts";

export interface Point {
  /** Which of the chart's ticks. */
  readonly tick: number;
  readonly value: number;
  /** Ends of the bar through the point. */
  readonly low: number;
  readonly high: number;
}

export interface Series {
  readonly name: string;
  /** Left out where the series is one level across the chart. */
  readonly points?: readonly Point[];
  readonly level?: number;
}

export interface Chart {
  readonly title: string;
  /** In words, for whoever does not see it. */
  readonly description: string;
  readonly xLabel: string;
  readonly yLabel: string;
  /** Left to right. */
  readonly ticks: readonly string[];
  /** At most six. */
  readonly series: readonly Series[];
}

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [640, 360, 78, 470, 40, 296];

/** @returns A whole document. Values that are not finite are left out. */
export function chartSvg(chart: Chart): string {
  const { title, description } = chart;
  const x = xScale(chart.ticks.length);
  const axis = yAxis(chart.series);
  const y: Scale = (value) => rounded(BOTTOM - axis.at(value) * (BOTTOM - TOP));
  const withPoints = chart.series.filter(({ points }) => points !== undefined).length;
  const parts = [
    ...axis.steps.map((value) => gridLine(value, y(value), axis.digits)),
    ...chart.ticks.map((name, i) => svgText(x(i), BOTTOM + 20, name, "middle")),
    svgText((LEFT + RIGHT) / 2, HEIGHT - 14, chart.xLabel, "middle"),
    `<text transform="translate(18 ${(TOP + BOTTOM) / 2}) rotate(-90)" text-anchor="middle">${escaped(chart.yLabel)}</text>`,
    svgText(LEFT, 22, title, "start"),
    ...chart.series.map((series, i) => drawn(series, i, withPoints, x, y)),
  ];
  return svgDocument({ width: WIDTH, height: HEIGHT, fontSize: 12, title, description }, parts);
}

type Scale = (value: number) => number;

function xScale(count: number): Scale {
  const inset = 40;
  if (count === 1) return () => (LEFT + RIGHT) / 2;
  return (i) => rounded(LEFT + inset + (i * (RIGHT - LEFT - 2 * inset)) / (count - 1));
}

function yAxis(series: readonly Series[]): Axis {
  return axisOver(
    series.flatMap(({ level, points = [] }) => [
      level ?? Number.NaN,
      ...points.flatMap(({ value, low, high }) => [value, low, high]),
    ]),
  );
}

function gridLine(value: number, at: number, digits: number): string {
  const line = `<line class="rule" x1="${LEFT}" x2="${RIGHT}" y1="${at}" y2="${at}"/>`;
  return line + svgText(LEFT - 8, at + 4, value.toFixed(digits), "end");
}

function drawn(
  { name, level, points = [] }: Series,
  index: number,
  count: number,
  x: Scale,
  y: Scale,
): string {
  const style = STYLES[index % STYLES.length] ?? STYLES[0];
  const legendY = TOP + 12 + 22 * index;
  const dash = style?.dash ? ` stroke-dasharray="${style.dash}"` : "";
  const sample = `<path class="line" d="M${RIGHT + 14} ${legendY}h26"${dash}/>`;
  const legend = `${sample}<text class="legend" x="${RIGHT + 46}" y="${legendY + 4}">${escaped(name)}</text>`;
  const open = `<g class="s${index % STYLES.length}">`;
  if (level !== undefined) {
    const line = Number.isFinite(level)
      ? `<path class="line" d="M${LEFT} ${y(level)}H${RIGHT}"${dash}/>`
      : "";
    return `${open}${line}${legend}</g>`;
  }
  // Points of several series would lie on top of each other; those with points come first.
  const shift = 6 * (index - (count - 1) / 2);
  const shown = points.filter(({ value }) => Number.isFinite(value));
  const at = (point: Point): number => rounded(x(point.tick) + shift);
  const marks = shown.map((point) => {
    const bar = `<path class="line" d="M${at(point)} ${y(point.low)}V${y(point.high)}"/>`;
    return bar + (style?.mark(at(point), y(point.value)) ?? "");
  });
  const line = `<polyline class="line" points="${shown.map((point) => `${at(point)},${y(point.value)}`).join(" ")}"${dash}/>`;
  const key = style?.mark(RIGHT + 27, legendY) ?? "";
  return `${open}${line}${marks.join("")}${legend}${key}</g>`;
}
