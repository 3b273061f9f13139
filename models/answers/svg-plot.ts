/** Charts along a scale: bars that stand on it, lines with bands around them, steps that hold until the next. Pure. */
import type { Chart, Point, Series } from "./answer.ts";
import {
  ANSWERS,
  type Drawing,
  labelEvery,
  type Room,
  tickText,
  valueAxis,
  within,
} from "./svg-bars.ts";
import { axisOver, escaped, rounded, STYLES, svgText } from "./svg-paper.ts";

const [PLOT_HEIGHT, SCALE_WIDTH] = [270, 74];
/** Of a series that has a mark at every point. */
const MARKS_MAX = 24;
const BAR_SHARE = 0.85;

type Scale = (value: number) => number;

interface Frame {
  readonly parts: readonly string[];
  readonly height: number;
  readonly x: (point: Point) => number;
  readonly y: Scale;
}

export function linesUp(chart: Chart, room: Room): Drawing {
  const frame = frameOf(chart, room, 0);
  const drawn = chart.series.map((series, i) => drawnLine(series, i, chart.kind, frame));
  return { parts: [...frame.parts, ...drawn], height: frame.height };
}

export function barsUp(chart: Chart, room: Room): Drawing {
  const places = numbersOf(chart);
  const gaps = places.slice(1).map((place, i) => place - (places[i] ?? place));
  const gap = gaps.length === 0 ? 1 : Math.min(...gaps);
  const frame = frameOf(chart, room, gap / 2);
  const at = (x: number): number => frame.x({ x, y: 0 });
  const width = (BAR_SHARE * (at(gap) - at(0))) / Math.max(1, chart.series.length);
  const drawn = chart.series.flatMap(({ points }, i) =>
    points.map((point) => {
      const left = frame.x(point) + width * (i - chart.series.length / 2);
      const [foot, head] = [frame.y(0), frame.y(point.y)];
      const box = `<rect class="bar" x="${rounded(left)}" y="${Math.min(foot, head)}" width="${rounded(Math.max(width, 0.5))}" height="${rounded(Math.abs(head - foot))}"/>`;
      const error = errorUp(point, rounded(left + width / 2), frame.y);
      return `<g class="s${i % STYLES.length}">${box}</g>${error}`;
    }),
  );
  return { parts: [...frame.parts, ...drawn], height: frame.height };
}

/** Axes, and where a point lies between them. @param margin Kept free before the first and after the last place. */
function frameOf(chart: Chart, { left, right, top }: Room, margin: number): Frame {
  const [from, to, ceiling] = [left + SCALE_WIDTH, right - 20, top + 10];
  const floor = ceiling + PLOT_HEIGHT;
  const values = valueAxis(chart.series, chart.kind === "bars");
  const y: Scale = (value) => rounded(floor - within(values, value) * PLOT_HEIGHT);
  const { ticks, x } = placesOf(chart, from, to, margin);
  return {
    x,
    y,
    height: floor + 56,
    parts: [
      ...values.steps.map(
        (value) =>
          `<line class="rule" x1="${from}" x2="${to}" y1="${y(value)}" y2="${y(value)}"/>${svgText(from - 8, y(value) + 5, tickText(value, values), "end")}`,
      ),
      ...ticks.map(({ at, name }) => svgText(at, floor + 20, name, "middle")),
      svgText((from + to) / 2, floor + 44, chart.x, "middle"),
      `<text transform="translate(${left + 8} ${(ceiling + floor) / 2}) rotate(-90)" text-anchor="middle">${escaped(chart.y)}</text>`,
    ],
  };
}

interface Places {
  readonly ticks: readonly { readonly at: number; readonly name: string }[];
  readonly x: (point: Point) => number;
}

function placesOf(chart: Chart, from: number, to: number, margin: number): Places {
  const isNamed = chart.series.some(({ points }) => points.some(({ x }) => typeof x === "string"));
  if (isNamed) return namedPlaces(chart, from, to);
  const numbers = numbersOf(chart);
  const axis = axisOver(
    numbers.flatMap((place) => [place - margin, place + margin]),
    ANSWERS,
  );
  const at = (value: number): number => rounded(from + axis.at(value) * (to - from));
  const names = axis.steps.map((value) => tickText(value, axis));
  const every = labelEvery(names, (to - from) / (names.length - 1));
  const ticks = axis.steps.map((value, i) => ({ at: at(value), name: names[i] ?? "" }));
  return {
    ticks: ticks.filter((_, i) => i % every === 0),
    x: ({ x }) => at(Number(x)),
  };
}

/** As far apart as each other, in the order in which they come; named as far as there is room. */
function namedPlaces({ series }: Chart, from: number, to: number): Places {
  const names = [...new Set(series.flatMap(({ points }) => points.map(({ x }) => String(x))))];
  const apart = (to - from) / names.length;
  const at = (name: string): number => rounded(from + apart * (names.indexOf(name) + 0.5));
  const every = labelEvery(names, apart);
  return {
    ticks: names.filter((_, i) => i % every === 0).map((name) => ({ at: at(name), name })),
    x: ({ x }) => at(String(x)),
  };
}

const numbersOf = ({ series }: Chart): number[] =>
  [...new Set(series.flatMap(({ points }) => points.map(({ x }) => Number(x))))].sort(
    (a, b) => a - b,
  );

function drawnLine(
  { points }: Series,
  index: number,
  kind: Chart["kind"],
  { x, y }: Frame,
): string {
  const style = STYLES[index % STYLES.length] ?? STYLES[0];
  const dash = style.dash === "" ? "" : ` stroke-dasharray="${style.dash}"`;
  const path = kind === "steps" ? stepPath : straightPath;
  const line = path(points.map((point) => [x(point), y(point.y)]));
  const marked = kind === "lines" && points.length <= MARKS_MAX;
  const marks = marked ? points.map((point) => style.mark(x(point), y(point.y))) : [];
  const curve = line === "" ? "" : `<path class="line" d="M${line}"${dash}/>`;
  return `<g class="s${index % STYLES.length}">${band(points, path, x, y)}${curve}${marks.join("")}</g>`;
}

type Place = readonly [x: number, y: number];
type Path = (places: readonly Place[]) => string;

const straightPath: Path = (places) => places.map(([x, y]) => `${x} ${y}`).join("L");

/** A value holds from its place to the next. */
const stepPath: Path = (places) =>
  places.map(([x, y], i) => (i === 0 ? `${x} ${y}` : `H${x}V${y}`)).join("");

/** Between the intervals' ends, over the points that have both. */
function band(points: readonly Point[], path: Path, x: (point: Point) => number, y: Scale): string {
  const edge = (end: "low" | "high"): Place[] =>
    points
      .filter(({ low, high }) => Number.isFinite(low) && Number.isFinite(high))
      .map((point) => [x(point), y(point[end] ?? point.y)]);
  const [over, under] = [edge("high"), edge("low")];
  if (over.length < 2) return "";
  return `<path class="area" d="M${path(over)}L${backwards(under, path)}Z"/>`;
}

/** The corners of a path, from its end to its beginning. */
function backwards(places: readonly Place[], path: Path): string {
  if (path === straightPath) return straightPath([...places].reverse());
  const corners = places.flatMap((place, i): Place[] => {
    const before = places[i - 1];
    return before ? [[place[0], before[1]], place] : [place];
  });
  return straightPath(corners.reverse());
}

function errorUp({ low, high }: Point, x: number, y: Scale): string {
  if (!(Number.isFinite(low) && Number.isFinite(high))) return "";
  const [foot, head] = [y(low ?? 0), y(high ?? 0)];
  return `<path class="error" d="M${x - 4} ${foot}h8M${x} ${foot}V${head}M${x - 4} ${head}h8"/>`;
}
