/** Values on the grid, with their noise: whole numbers, four at a time. AssemblyScript, not TypeScript; pure. */

/** See `grid.ts`: added to a double it leaves the nearest integer in the lowest bits, in two's complement. */
const TO_INTEGER: f64 = 6755399441055744.0;

/**
 * The nearest integers to values · factor, ties to even, each with its draw, modulo 2^32: in 32 bits each, over the
 * values. Up to three values behind the last are overwritten too, as are sums behind the last.
 *
 * @returns Whether all integers are below `bound` in absolute value. If not, the sums mean nothing; draws are unchanged.
 */
export function addRounded(
  values: usize,
  draws: usize,
  count: i32,
  factor: f64,
  bound: f64,
): bool {
  const factors = f64x2.splat(factor);
  const toInteger = f64x2.splat(TO_INTEGER);
  const bounds = f64x2.splat(bound);
  const end = values + ((<usize>count) << 3);
  for (let k: usize = 0; k < 24; k += 8) store<f64>(end + k, 0);
  let isWithin = i64x2.splat(-1);
  let sums = values;
  while (values < end) {
    const a = f64x2.add(f64x2.mul(v128.load(values), factors), toInteger);
    const b = f64x2.add(f64x2.mul(v128.load(values, 16), factors), toInteger);
    // NaN is below no bound.
    isWithin = v128.and(isWithin, f64x2.lt(f64x2.abs(f64x2.sub(a, toInteger)), bounds));
    isWithin = v128.and(isWithin, f64x2.lt(f64x2.abs(f64x2.sub(b, toInteger)), bounds));
    v128.store(sums, i32x4.add(v128.load(draws), v128.shuffle<i32>(a, b, 0, 2, 4, 6)));
    values += 32;
    draws += 16;
    sums += 16;
  }
  return i64x2.all_true(isWithin);
}
