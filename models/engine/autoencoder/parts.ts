/** What an autoencoder's output is made of: one part for each number, indicator and category. Pure. */
import type { DataSchema } from "../../../shared/charter/schema.ts";

/** A scaled number: one output, its estimate. */
export interface NumberPart {
  readonly kind: "number";
  /** Index among the schema's features. */
  readonly feature: number;
  /** Where the first layer's input has the number. */
  readonly inputAt: number;
  /** Where it has the number's indicator; null: the number is always known. */
  readonly indicatorAt: number | null;
  readonly outputAt: number;
}

/** An indicator: one output, the log-odds of "unknown". */
export interface IndicatorPart {
  readonly kind: "indicator";
  readonly feature: number;
  readonly inputAt: number;
  readonly outputAt: number;
}

/** A category: one output a code, whose softmax is the code's probability. */
export interface CategoryPart {
  readonly kind: "category";
  readonly feature: number;
  /** Column of `EncodedData.codes`. */
  readonly column: number;
  readonly outputAt: number;
  /** Declared categories + 1. */
  readonly width: number;
}

export type Part = NumberPart | IndicatorPart | CategoryPart;

export interface Reconstruction {
  /** Numbers, indicators, categories, each in schema order; outputs follow the same order. */
  readonly parts: readonly Part[];
  readonly outputWidth: number;
}

/** @param indicators Number columns with an indicator, as `Architecture.indicators`. */
export function reconstructionOf(
  { features }: DataSchema,
  indicators: readonly number[],
): Reconstruction {
  const placed = features.map((feature, index) => ({ feature, index }));
  const numbers = placed.filter(({ feature }) => feature.type === "number");
  const count = numbers.length;
  const parts: Part[] = numbers.map(({ index }, j) => {
    const m = indicators.indexOf(j);
    const indicatorAt = m < 0 ? null : count + m;
    return { kind: "number", feature: index, inputAt: j, indicatorAt, outputAt: j };
  });
  for (const [m, j] of indicators.entries()) {
    const at = count + m;
    const feature = numbers[j]?.index ?? 0;
    parts.push({ kind: "indicator", feature, inputAt: at, outputAt: at });
  }
  let outputAt = parts.length;
  let column = 0;
  for (const { feature, index } of placed) {
    if (feature.type !== "category") continue;
    const width = feature.categories.length + 1;
    parts.push({ kind: "category", feature: index, column, outputAt, width });
    outputAt += width;
    column += 1;
  }
  return { parts, outputWidth: outputAt };
}
