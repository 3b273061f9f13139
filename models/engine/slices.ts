/** The flat parameters as named slices, one after the other, and their first random values. Pure. */
import type { UniformSource } from "../../shared/base/uniform.ts";

/** Of the first values of embedded categories. */
export const TABLE_STD_DEV = 0.1;

/** A named part of the flat parameters. */
export interface Slice {
  readonly name: string;
  readonly offset: number;
  readonly shape: readonly number[];
}

export interface SliceTaker {
  readonly slices: readonly Slice[];
  /** Offset of a new slice behind all others. */
  take(name: string, shape: readonly number[]): number;
  /** How many parameters there are so far. */
  count(): number;
}

export function sliceTaker(): SliceTaker {
  const slices: Slice[] = [];
  let offset = 0;
  return {
    slices,
    take(name, shape) {
      const start = offset;
      slices.push({ name, offset: start, shape });
      offset += sizeOf(shape);
      return start;
    },
    count: () => offset,
  };
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

export function fillNormal(target: Float32Array, source: UniformSource, stdDev: number): void {
  for (let i = 0; i < target.length; i++) target[i] = stdDev * source.normal();
}
