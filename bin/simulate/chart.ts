/** A line chart as SVG: values with ranges over a few named places, and levels across. Legible in light and dark. Pure. */

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
const STEPS_ABOUT = 5;
/** After Okabe and Ito, told apart also without colour: by mark and dash. */
const STYLES = [
  { mark: (x: number, y: number) => `<circle cx="${x}" cy="${y}" r="4"/>`, dash: "" },
  {
    mark: (x: number, y: number) => `<rect x="${x - 4}" y="${y - 4}" width="8" height="8"/>`,
    dash: "7 4",
  },
  {
    mark: (x: number, y: number) => `<path d="M${x} ${y - 5}l5 9h-10z"/>`,
    dash: "2 4",
  },
  { mark: (x: number, y: number) => `<path d="M${x} ${y - 5}l5 5-5 5-5-5z"/>`, dash: "10 3 2 3" },
  { mark: (x: number, y: number) => `<path d="M${x} ${y + 5}l5-9h-10z"/>`, dash: "4 2" },
  {
    mark: (x: number, y: number) => `<path d="M${x - 5} ${y - 5}l10 10m0-10l-10 10"/>`,
    dash: "1 3",
  },
];
const STYLE_SHEET = `<style>
svg { --paper: #ffffff; --ink: #1f2328; --rule: #d0d7de; --c0: #0b62a8; --c1: #b8460e; --c2: #0a7a5a; --c3: #8a3a86; --c4: #57606a; --c5: #96690a }
@media (prefers-color-scheme: dark) {
svg { --paper: #0d1117; --ink: #e6edf3; --rule: #3d444d; --c0: #6cb6ff; --c1: #ff9e64; --c2: #5fd3a8; --c3: #e3a6e0; --c4: #aab4bf; --c5: #e3c25a }
}
text { fill: var(--ink) } .rule { stroke: var(--rule) }
${STYLES.map((_, i) => `.s${i} { stroke: var(--c${i}); fill: var(--c${i}) }`).join(" ")}
.line { fill: none; stroke-width: 1.5 } .legend { stroke: none; fill: var(--ink) }
</style>`;

/** @returns A whole document. Values that are not finite are left out. */
export function chartSvg(chart: Chart): string {
  const { title, description } = chart;
  const x = xScale(chart.ticks.length);
  const { y, steps, digits } = yScale(chart.series);
  const withPoints = chart.series.filter(({ points }) => points !== undefined).length;
  const parts = [
    ...steps.map((value) => gridLine(value, y(value), digits)),
    ...chart.ticks.map((name, i) => text(x(i), BOTTOM + 20, name, "middle")),
    text((LEFT + RIGHT) / 2, HEIGHT - 14, chart.xLabel, "middle"),
    `<text transform="translate(18 ${(TOP + BOTTOM) / 2}) rotate(-90)" text-anchor="middle">${escaped(chart.yLabel)}</text>`,
    text(LEFT, 22, title, "start"),
    ...chart.series.map((series, i) => drawn(series, i, withPoints, x, y)),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="sans-serif" font-size="12" role="img" aria-labelledby="title description">
<title id="title">${escaped(title)}</title>
<desc id="description">${escaped(description)}</desc>
${STYLE_SHEET}
<rect width="${WIDTH}" height="${HEIGHT}" fill="var(--paper)"/>
${parts.join("\n")}
</svg>
`;
}

type Scale = (value: number) => number;

function xScale(count: number): Scale {
  const inset = 40;
  if (count === 1) return () => (LEFT + RIGHT) / 2;
  return (i) => rounded(LEFT + inset + (i * (RIGHT - LEFT - 2 * inset)) / (count - 1));
}

/** Round figures that span all values. */
function yScale(series: readonly Series[]): { y: Scale; steps: number[]; digits: number } {
  const values = series
    .flatMap(({ level, points = [] }) => [
      level ?? Number.NaN,
      ...points.flatMap(({ value, low, high }) => [value, low, high]),
    ])
    .filter(Number.isFinite);
  const least = values.length === 0 ? 0 : Math.min(...values);
  const most = values.length === 0 ? 1 : Math.max(...values);
  const step = roundStep(Math.max(most - least, 1e-3) / STEPS_ABOUT);
  const first = Math.floor(least / step - 0.1);
  const last = Math.ceil(most / step + 0.1);
  const steps = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
  const y: Scale = (value) =>
    rounded(BOTTOM - ((value / step - first) / (last - first)) * (BOTTOM - TOP));
  return { y, steps, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
}

/** 1, 2 or 5 times a power of ten. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 5].find((times) => times * power >= least) ?? 10) * power;
}

function gridLine(value: number, at: number, digits: number): string {
  const line = `<line class="rule" x1="${LEFT}" x2="${RIGHT}" y1="${at}" y2="${at}"/>`;
  return line + text(LEFT - 8, at + 4, value.toFixed(digits), "end");
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

function text(x: number, y: number, content: string, anchor: "start" | "middle" | "end"): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}">${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

function rounded(value: number): number {
  return Math.round(10 * value) / 10;
}
