/**
 * Inner products of pairs of rows' gradients, without forming the gradients. AssemblyScript, not TypeScript; pure.
 * Strides are in bytes.
 */
/** Inner product of two rows of single precision, in doubles. `quads` · 4 numbers each. */
function dot(a: usize, b: usize, quads: i32): f64 {
  let sum = f64x2.splat(0);
  let more = f64x2.splat(0);
  for (let k: usize = 0; k < (<usize>quads) << 4; k += 16) {
    const x = v128.load(a + k);
    const y = v128.load(b + k);
    const low = f64x2.mul(f64x2.promote_low_f32x4(x), f64x2.promote_low_f32x4(y));
    const highX = f64x2.promote_low_f32x4(v128.shuffle<f64>(x, x, 1, 1));
    const highY = f64x2.promote_low_f32x4(v128.shuffle<f64>(y, y, 1, 1));
    sum = f64x2.add(sum, low);
    more = f64x2.add(more, f64x2.mul(highX, highY));
  }
  sum = f64x2.add(sum, more);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/**
 * products[r, s] += (ones[r, s] + x_r · x_s)(d_r · d_s) for s ≤ r < rows, in doubles; row r's pairs follow row r − 1's.
 *
 * @param dQuads 0: `d` is a column.
 */
export function addPairProducts(
  products: usize,
  ones: usize,
  x: usize,
  xStride: usize,
  xQuads: i32,
  d: usize,
  dStride: usize,
  dQuads: i32,
  rows: i32,
): void {
  for (let r: usize = 0; r < <usize>rows; r++) {
    for (let s: usize = 0; s <= r; s++) {
      const inputs = load<f64>(ones) + dot(x + r * xStride, x + s * xStride, xQuads);
      const a = d + r * dStride;
      const b = d + s * dStride;
      const deltas = dQuads === 0 ? <f64>load<f32>(a) * <f64>load<f32>(b) : dot(a, b, dQuads);
      store<f64>(products, load<f64>(products) + inputs * deltas);
      products += 8;
      ones += 8;
    }
  }
}
