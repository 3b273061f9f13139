/** A regression's columns, target and exposure, as the schema has them, for the mathematics of `models/glm`. Pure. */
import { badInput, type CloisterError } from "../../../shared/base/errors.ts";
import type { GlmTask } from "../../../shared/charter/glm-spec.ts";
import type { DataSchema, Feature } from "../../../shared/charter/schema.ts";
import { type EncodedData, UNLABELLED } from "../../data.ts";
import { designOf, rangeOf, type Source } from "../../glm/design.ts";
import { PLAIN_RESPONSE, type ResponseUnit } from "../../glm/inference.ts";
import type { Exposure, Problem, Response } from "../../glm/row-sums.ts";
import { type CategoryReader, columnReader, type NumberReader, numberReader } from "../columns.ts";
import type { TaskContext } from "../task.ts";

export type GlmContext = TaskContext<GlmTask>;

/** Columns of a design matrix: a sum has about half as many products as this has squares. */
const WIDTH_MAX = 1000;

/** @throws {CloisterError} If the question does not fit the schema; says what to change. */
export function problemOf({ spec, schema }: Pick<GlmContext, "spec" | "schema">): Problem {
  const target = targetOf({ spec, schema });
  if (spec.columns.includes(target))
    throw wrong("columns", `"${target}" is what is explained; leave it out of the columns`);
  const design = designOf(spec.columns.map((name) => sourceOf(schema, name, spec)));
  const width = design.columns.length;
  if (width > WIDTH_MAX)
    throw wrong(
      "columns",
      `${width} coefficients; ${WIDTH_MAX} are the most: use fewer categories`,
    );
  return {
    family: spec.family,
    design,
    response: responseOf(schema, target, spec.family),
    exposure: spec.exposure === undefined ? null : exposureOf(schema, spec.exposure),
  };
}

export function targetOf({ spec, schema }: Pick<GlmContext, "spec" | "schema">): string {
  return spec.target ?? schema.label.column;
}

/** What a linear target in [−1, 1] stands for. */
export function responseUnit(context: Pick<GlmContext, "spec" | "schema">): ResponseUnit {
  const { spec, schema } = context;
  const target = targetOf(context);
  if (spec.family !== "linear" || target === schema.label.column) return PLAIN_RESPONSE;
  const { min, max } = numberReader(schema, target);
  return rangeOf({ min, max, isLog: false });
}

function wrong(place: string, message: string): CloisterError {
  return badInput(`glm.${place}`, message);
}

function sourceOf(schema: DataSchema, name: string, { reference }: GlmTask): Source {
  const reader = columnReader(schema, name);
  if (reader.kind === "category") return categorySource(reader, reference[name]);
  if (reference[name] !== undefined)
    throw wrong("reference", `column "${name}" has numbers; a reference is for categories`);
  const feature = featureOf(schema, name);
  const isLog = feature?.type === "number" && feature.transform === "log";
  const mayBeMissing = feature?.type === "number" && feature.missing === "indicator";
  const { min, max } = reader;
  return { kind: "number", name, min, max, isLog, mayBeMissing, read: plainValue(reader) };
}

function categorySource(
  { name, categories, read }: CategoryReader,
  wanted: string | undefined,
): Source {
  const index =
    wanted === undefined ? 0 : categories.findIndex((one) => one.trim() === wanted.trim());
  if (index >= 0) return { kind: "category", name, categories, reference: index + 1, read };
  throw wrong("reference", `column "${name}" has no category "${wanted}"`);
}

function featureOf({ features, others = [] }: DataSchema, name: string): Feature | undefined {
  return [...features, ...others].find((one) => one.name === name);
}

/**
 * A column's value as it was written, where that has few digits: rows hold 24 bits of the declared range, and of the
 * numbers that they hold alike the one with the fewest decimals is taken. So fits of whole numbers, cents and the like are
 * those of the table itself.
 */
function plainValue(reader: NumberReader): (data: EncodedData, row: number) => number {
  const { min, max, read, place, placeOf } = reader;
  const coarse = 10 ** Math.floor(22 * Math.log10(2) - Math.log10(max - min));
  // Logarithms hold small numbers finer.
  const steps = [coarse, 10 * coarse, 100 * coarse];
  return (data, row) => {
    const value = read(data, row);
    const held = place(data, row);
    for (const step of steps) {
      const plain = Math.min(max, Math.max(min, Math.round(value * step) / step));
      if (placeOf(plain) === held) return plain;
    }
    return value;
  };
}

function responseOf(schema: DataSchema, target: string, family: GlmTask["family"]): Response {
  if (target === schema.label.column) return LABEL;
  if (family === "logistic") {
    const message = `logistic regression explains the label, "${schema.label.column}": leave target out`;
    throw wrong("target", message);
  }
  const reader = numberReader(schema, target);
  const read = plainValue(reader);
  if (family === "linear") {
    const { centre, halfWidth } = rangeOf({ ...reader, isLog: false });
    return { read: (data, row) => (read(data, row) - centre) / halfWidth, scale: 1 };
  }
  if (reader.min < 0) {
    const message = `column "${target}" is declared from ${reader.min}, and counts are 0 at least`;
    throw wrong("target", message);
  }
  const scale = Math.max(1, Math.round(reader.max));
  return { read: (data, row) => Math.round(read(data, row)), scale };
}

const LABEL: Response = {
  read({ labels }, row) {
    const mark = labels[row] ?? UNLABELLED;
    return mark === UNLABELLED ? Number.NaN : mark;
  },
  scale: 1,
};

function exposureOf(schema: DataSchema, name: string): Exposure {
  const reader = numberReader(schema, name);
  if (reader.min < 0 || reader.max <= 0) {
    const message = `column "${name}" is declared from ${reader.min}, and an exposure is positive`;
    throw wrong("exposure", message);
  }
  return { read: plainValue(reader), max: reader.max };
}
