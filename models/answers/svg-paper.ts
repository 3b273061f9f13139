/**
 * What pictures of ours have in common: the paper they are drawn on, colours and marks, round figures at an axis.
 * Legible in light and dark, told apart also without colour. Pure.
 */

/** After Okabe and Ito, told apart also without colour: by mark and dash. */
export const STYLES = [
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
] as const;
const STYLE_SHEET = `<style>
svg { --paper: #ffffff; --ink: #1f2328; --rule: #d0d7de; --c0: #0b62a8; --c1: #b8460e; --c2: #0a7a5a; --c3: #8a3a86; --c4: #57606a; --c5: #96690a }
@media (prefers-color-scheme: dark) {
svg { --paper: #0d1117; --ink: #e6edf3; --rule: #3d444d; --c0: #6cb6ff; --c1: #ff9e64; --c2: #5fd3a8; --c3: #e3a6e0; --c4: #aab4bf; --c5: #e3c25a }
}
text { fill: var(--ink) } .rule { stroke: var(--rule) }
${STYLES.map((_, i) => `.s${i} { stroke: var(--c${i}); fill: var(--c${i}) }`).join(" ")}
.line { fill: none; stroke-width: 1.5 } .legend { stroke: none; fill: var(--ink) }
</style>`;

export interface Paper {
  readonly width: number;
  readonly height: number;
  readonly fontSize: number;
  readonly title: string;
  /** In words, for whoever does not see it. */
  readonly description: string;
  /** Rules of the picture's own, after the common ones. */
  readonly styles?: string;
}

/** @param parts Drawn one over the other. @returns A whole document. */
export function svgDocument(paper: Paper, parts: readonly string[]): string {
  const { width, height, fontSize, title, description, styles } = paper;
  const own = styles === undefined ? "" : `\n<style>${styles}</style>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="sans-serif" font-size="${fontSize}" role="img" aria-labelledby="title description">
<title id="title">${escaped(title)}</title>
<desc id="description">${escaped(description)}</desc>
${STYLE_SHEET}${own}
<rect width="${width}" height="${height}" fill="var(--paper)"/>
${parts.join("\n")}
</svg>
`;
}

export function svgText(
  x: number,
  y: number,
  content: string,
  anchor: "start" | "middle" | "end",
): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}">${escaped(content)}</text>`;
}

/** Neither mark-up, nor a character that no XML document may hold. */
export function escaped(content: string): string {
  return content
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "�")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll('"', "&quot;");
}

/** To a tenth of a unit of the drawing. */
export function rounded(value: number): number {
  return Math.round(10 * value) / 10;
}

export interface Axis {
  /** Evenly apart, the first and the last at the axis's ends. */
  readonly steps: readonly number[];
  /** Decimals with which the steps are written. */
  readonly digits: number;
  /** Share of the axis at which a value lies: 0 at its first step, 1 at its last. */
  readonly at: (value: number) => number;
}

interface AxisOptions {
  /** Share of a step that is kept free at either end. */
  readonly margin: number;
  /** Differences below this are not enlarged. */
  readonly spanMin: number;
  readonly stepsAbout: number;
}

/** Finer steps would be alike to a floating-point number. */
const SPAN_SHARE_MIN = 1e-6;

/**
 * Round figures that span all values, and some way beyond them.
 *
 * @param values Those that are not finite are left out; without any the axis goes from 0 to 1.
 */
export function axisOver(
  values: readonly number[],
  { margin, spanMin, stepsAbout }: AxisOptions = { margin: 0.1, spanMin: 1e-3, stepsAbout: 5 },
): Axis {
  const known = values.filter(Number.isFinite);
  const least = known.length === 0 ? 0 : Math.min(...known);
  const most = known.length === 0 ? 1 : Math.max(...known);
  const span = Math.max(most - least, spanMin, SPAN_SHARE_MIN * Math.max(Math.abs(most), 1e-9));
  const step = roundStep(span / stepsAbout);
  const first = Math.floor(least / step - margin);
  const last = Math.max(first + 1, Math.ceil(most / step + margin));
  const steps = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return { steps, digits, at: (value) => (value / step - first) / (last - first) };
}

/** 1, 2 or 5 times a power of ten. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 5].find((times) => times * power >= least) ?? 10) * power;
}
