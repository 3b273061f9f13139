/**
 * Doubles as 32-bit floats and back: an ask's input has 32 bits a number, and coefficients must arrive as they were
 * sent, or members would sum at another place than the coordinator thinks. Pure.
 */
import { assert } from "../../shared/base/assert.ts";

/** 24 significant bits each: three hold the 53 of a double. */
export const PARTS = 3;
/** Coefficients beyond it have diverged; squares of it are still far from a double's end. */
export const COEFFICIENT_MAX = 1e30;

/**
 * Each value as high, middle and low part, whose sum it is: exactly, for what `asSent` returns.
 *
 * Each remainder is exact (of two doubles that close the difference is one), so what three parts leave over is less
 * than 2^−72 of the value, which no double has, or lies below the least 32-bit float, 2^−149.
 *
 * @param values Absolute values up to 10^30. Shape [n].
 * @returns Shape [3n].
 */
export function toParts(values: Float64Array): Float32Array {
  const parts = new Float32Array(PARTS * values.length);
  for (let i = 0; i < values.length; i++) {
    let rest = values[i] ?? 0;
    assert(Math.abs(rest) <= COEFFICIENT_MAX, "a coefficient to be sent is out of bounds");
    for (let part = 0; part < PARTS; part++) {
      const rounded = Math.fround(rest);
      parts[PARTS * i + part] = rounded;
      rest -= rounded;
    }
  }
  return parts;
}

/** @param parts Shape [3n]. @returns Shape [n]: sums from the high part down, each of them exact. */
export function fromParts(parts: Float32Array): Float64Array {
  assert(parts.length % PARTS === 0, "parts come in threes");
  const values = new Float64Array(parts.length / PARTS);
  for (let i = 0; i < values.length; i++) {
    const at = PARTS * i;
    values[i] = (parts[at] ?? 0) + (parts[at + 1] ?? 0) + (parts[at + 2] ?? 0);
  }
  return values;
}

/** The nearest values that arrive as they are: finite, at most 10^30, whole multiples of 2^−149. Shape [n] both. */
export function asSent(values: Float64Array): Float64Array {
  const bounded = values.map((value) =>
    Number.isNaN(value) ? 0 : Math.max(-COEFFICIENT_MAX, Math.min(COEFFICIENT_MAX, value)),
  );
  return fromParts(toParts(bounded));
}
