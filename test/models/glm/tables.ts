/** Generated tables for the tests of generalised linear models, and the same rows as a plain design matrix. Pure. */
import type { EncodedData } from "../../../models/data.ts";
import { designOf, type Source } from "../../../models/glm/design.ts";
import type { Family } from "../../../models/glm/family.ts";
import type { Problem, Rows } from "../../../models/glm/row-sums.ts";
import { reproducibleRng } from "../../../shared/base/reproducible.ts";
import { UniformSource } from "../../../shared/base/uniform.ts";

/** Per row: age, income (sometimes missing), target, exposure; the category is a code. */
const [AGE, INCOME, TARGET, EXPOSURE, WIDTH] = [0, 1, 2, 3, 4];
const CATEGORIES = ["north", "south", "west"];
export const COUNT_MAX = 40;

const number = (at: number, name: string, min: number, max: number, isLog = false): Source => ({
  kind: "number",
  name,
  min,
  max,
  isLog,
  mayBeMissing: at === INCOME,
  read: (data, row) => data.numbers[row * WIDTH + at] ?? 0,
});

export const SOURCES: readonly Source[] = [
  number(AGE, "age", 18, 90),
  number(INCOME, "income", 0, 1e5, true),
  {
    kind: "category",
    name: "region",
    categories: CATEGORIES,
    reference: 1,
    read: (data, row) => data.codes[row] ?? 0,
  },
];

export function problemOf(family: Family, sources = SOURCES, withExposure = false): Problem {
  const target = (data: EncodedData, row: number): number =>
    data.numbers[row * WIDTH + TARGET] ?? 0;
  return {
    family,
    design: designOf(sources),
    response: {
      read: family === "linear" ? (data, row) => (target(data, row) - 50) / 50 : target,
      scale: family === "poisson" ? COUNT_MAX : 1,
    },
    exposure: withExposure
      ? { read: (data, row) => data.numbers[row * WIDTH + EXPOSURE] ?? 0, max: 4 }
      : null,
  };
}

/** Targets follow the columns by the family's own law. */
export function tableFor(family: Family, rowCount: number, seed: string): EncodedData {
  const source = new UniformSource(reproducibleRng(`glm ${family} ${seed}`));
  const numbers = new Float32Array(rowCount * WIDTH);
  const codes = Uint16Array.from({ length: rowCount }, () => 1 + source.below(CATEGORIES.length));
  for (let row = 0; row < rowCount; row++) {
    const age = Math.round(18 + 72 * source.unit());
    const income = source.unit() < 0.2 ? Number.NaN : Math.round(Math.exp(6 + 5 * source.unit()));
    const exposure = Math.fround(0.5 + 3 * source.unit());
    const eta =
      (age - 50) / 30 + (Number.isNaN(income) ? 0.3 : 0) - (codes[row] === 3 ? 0.8 : 0) - 0.2;
    numbers.set([age, income, draw(family, eta, exposure, source), exposure], row * WIDTH);
  }
  return { ...blank(rowCount), numbers, codes };
}

function blank(rowCount: number): EncodedData {
  return {
    rowCount,
    numbers: new Float32Array(0),
    codes: new Uint16Array(0),
    labels: new Uint8Array(rowCount),
    unitStarts: Uint32Array.from({ length: rowCount + 1 }, (_, i) => i),
  };
}

function draw(family: Family, eta: number, exposure: number, source: UniformSource): number {
  if (family === "linear") return Math.max(0, Math.min(100, 50 + 15 * eta + 6 * source.normal()));
  if (family === "logistic") return source.unit() < 1 / (1 + Math.exp(-eta)) ? 1 : 0;
  let count = 0;
  for (let left = exposure * Math.exp(eta); count < COUNT_MAX; count++) {
    left += Math.log(1 - source.unit());
    if (left < 0) break;
  }
  return count;
}

/** The rows as they stand: [1, age, log income or the centre of its bounds, missing, anything else, south, west]. */
export function plainRows(data: EncodedData): { x: number[][]; y: number[]; exposure: number[] } {
  const centre = Math.log1p(1e5) / 2;
  const x: number[][] = [];
  const y: number[] = [];
  const exposure: number[] = [];
  for (let row = 0; row < data.rowCount; row++) {
    const [age = 0, income = 0, target = 0, e = 1] = data.numbers.subarray(row * WIDTH);
    const code = data.codes[row] ?? 0;
    const levels = [0, 2, 3].map((level) => (code === level ? 1 : 0));
    const isMissing = Number.isNaN(income);
    x.push([1, age, isMissing ? centre : Math.log1p(income), isMissing ? 1 : 0, ...levels]);
    y.push(target);
    exposure.push(e);
  }
  return { x, y, exposure };
}

/** All rows of a table. */
export function rowsOf(data: EncodedData): Rows {
  return (visit) => {
    for (let row = 0; row < data.rowCount; row++) visit(data, row);
  };
}
