/** The straight paths from the baseline to a row, along which reasons are taken. Pure types. */
import type { NetTail } from "./net-tail.ts";

/** Given as to `RowScorer.logit`. */
export type EncodedRow = readonly [
  numbers: Float32Array,
  numbersAt: number,
  codes: Uint16Array,
  codesAt: number,
];

/** What a feature moves along the path, and where from. All vectors have the tail's width. */
export interface PathFeature {
  readonly feature: string;
  readonly baseline: Float64Array;
  /** The row's, in a new array. */
  valueOf(...row: EncodedRow): Float64Array<ArrayBuffer>;
}

/** A net and the straight paths into it: the sum of all features' vectors, and a constant, is what the tail takes. */
export interface Paths {
  readonly tail: NetTail;
  readonly constant: Float64Array;
  readonly features: readonly PathFeature[];
}
