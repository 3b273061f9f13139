/**
 * How one feature's value becomes what a model sees: declared bounds and lists, made ready to apply. Pure.
 * The same code for training, for scoring and for exports.
 */
import { badInput } from "../../shared/base/errors.ts";
import type { CategoryFeature, DataSchema, NumberFeature } from "../../shared/charter/schema.ts";
import { UNLABELLED } from "../data.ts";
import { signedLog, trimCell } from "./cell.ts";

export interface NumberColumn {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly isLog: boolean;
  readonly mayBeMissing: boolean;
  /** The transformed lower bound, and what maps the transformed range to a width of 2. */
  readonly low: number;
  readonly scale: number;
}

export interface CategoryColumn {
  readonly name: string;
  /** By trimmed name. 0, "anything else", is not in it. */
  readonly codeOf: ReadonlyMap<string, number>;
}

export interface LabelColumn {
  /** Both trimmed. */
  readonly positive: string;
  readonly negative: string;
  readonly mayBeMissing: boolean;
  /** Of a cell: 1 for positive; null if it is neither, and may not be missing or is not. */
  readonly markOf: (cell: string) => 0 | 1 | typeof UNLABELLED | null;
}

export function labelColumn(label: DataSchema["label"]): LabelColumn {
  const positive = label.positive.trim();
  const negative = label.negative.trim();
  const mayBeMissing = label.missing === "allow";
  return {
    ...{ positive, negative, mayBeMissing },
    markOf(cell) {
      const text = trimCell(cell);
      if (text === positive) return 1;
      if (text === negative) return 0;
      return text === "" && mayBeMissing ? UNLABELLED : null;
    },
  };
}

/** @throws {CloisterError} `data.bad-bounds`. */
export function numberColumn({ name, min, max, transform, missing }: NumberFeature): NumberColumn {
  const isLog = transform === "log";
  const low = isLog ? signedLog(min) : min;
  const high = isLog ? signedLog(max) : max;
  const scale = 2 / (high - low);
  // Else every value would become NaN, which means "missing".
  if (!(scale > 0 && Number.isFinite(scale))) {
    const reason = "its bounds are too close together or too far apart to scale values by";
    throw badInput("data.bad-bounds", `schema: feature ${JSON.stringify(name)}: ${reason}`);
  }
  return { name, min, max, isLog, mayBeMissing: missing === "indicator", low, scale };
}

/** Category names are compared without white space around them; of two alike, the first counts. */
export function categoryColumn({ name, categories }: CategoryFeature): CategoryColumn {
  const codeOf = new Map<string, number>();
  for (const [i, category] of categories.entries()) {
    const trimmed = category.trim();
    if (!codeOf.has(trimmed)) codeOf.set(trimmed, i + 1);
  }
  return { name, codeOf };
}

/** The schema's columns by kind, each in schema order. @throws {CloisterError} `data.bad-bounds`. */
export function columnsOf({ features }: DataSchema): {
  readonly numbers: readonly NumberColumn[];
  readonly categories: readonly CategoryColumn[];
} {
  return {
    numbers: features.flatMap((feature) =>
      feature.type === "number" ? [numberColumn(feature)] : [],
    ),
    categories: features.flatMap((feature) =>
      feature.type === "category" ? [categoryColumn(feature)] : [],
    ),
  };
}

/** A finite value, clamped to the bounds, transformed and mapped to [−1, 1]. */
export function encodeNumber({ min, max, isLog, low, scale }: NumberColumn, value: number): number {
  const clamped = Math.min(Math.max(value, min), max);
  return ((isLog ? signedLog(clamped) : clamped) - low) * scale - 1;
}
