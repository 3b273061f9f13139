/** Row by row: inputs, category rows. AssemblyScript, not TypeScript; pure. Strides are in bytes. */
/** Scales raw numbers in place, (x − centre) · inverseScale; a missing one (NaN) becomes 0. Zeroes what pads the row. */
export function scaleNumbers(
  x: usize,
  stride: usize,
  centres: usize,
  inverseScales: usize,
  rows: i32,
  count: i32,
): void {
  for (let r = 0; r < rows; r++) {
    let k: usize = 0;
    for (; k + 16 <= (<usize>count) << 2; k += 16) {
      const raw = v128.load(x + k);
      const moved = f32x4.sub(raw, v128.load(centres + k));
      const scaled = f32x4.mul(moved, v128.load(inverseScales + k));
      v128.store(x + k, v128.and(scaled, f32x4.eq(raw, raw)));
    }
    for (; k < (<usize>count) << 2; k += 4) {
      const raw = load<f32>(x + k);
      const scaled = (raw - load<f32>(centres + k)) * load<f32>(inverseScales + k);
      store<f32>(x + k, raw === raw ? scaled : 0);
    }
    x += stride;
  }
}

/**
 * c = bias + Σ of the rows that `pointers` names, `tables` to a row of c. Shape [rows × width], then zeros up to
 * `padded`.
 */
export function addTableRows(
  c: usize,
  cStride: usize,
  bias: usize,
  pointers: usize,
  tables: i32,
  rows: i32,
  width: i32,
  padded: i32,
): void {
  for (let r = 0; r < rows; r++) {
    let k: usize = 0;
    for (; k + 32 <= (<usize>width) << 2; k += 32) {
      let low = v128.load(bias + k);
      let high = v128.load(bias + k, 16);
      for (let t: usize = 0; t < (<usize>tables) << 2; t += 4) {
        const from = <usize>load<u32>(pointers + t) + k;
        low = f32x4.add(low, v128.load(from));
        high = f32x4.add(high, v128.load(from, 16));
      }
      v128.store(c + k, low);
      v128.store(c + k, high, 16);
    }
    for (; k < (<usize>width) << 2; k += 4) {
      let sum = load<f32>(bias + k);
      for (let t: usize = 0; t < (<usize>tables) << 2; t += 4) {
        sum += load<f32>(<usize>load<u32>(pointers + t) + k);
      }
      store<f32>(c + k, sum);
    }
    for (; k < (<usize>padded) << 2; k += 4) store<f32>(c + k, 0);
    c += cStride;
    pointers += (<usize>tables) << 2;
  }
}

/**
 * Adds each row's delta to the gradient of its category's row, in doubles. The gradient of the parameter at p lies at
 * g + 2 (p − params).
 *
 * @param pointers Of table t of row r: pointers + r · pointerStride; one table a call.
 */
export function scatterRows(
  g: usize,
  params: usize,
  pointers: usize,
  pointerStride: usize,
  d: usize,
  dStride: usize,
  rows: i32,
  width: i32,
): void {
  for (let r = 0; r < rows; r++) {
    const target = g + 2 * (<usize>load<u32>(pointers) - params);
    let k: usize = 0;
    for (; k + 16 <= (<usize>width) << 2; k += 16) {
      let x = v128.load(d + k);
      const into = target + 2 * k;
      v128.store(into, f64x2.add(v128.load(into), f64x2.promote_low_f32x4(x)));
      x = v128.shuffle<f64>(x, x, 1, 1);
      v128.store(into, f64x2.add(v128.load(into, 16), f64x2.promote_low_f32x4(x)), 16);
    }
    for (; k < (<usize>width) << 2; k += 4) {
      const into = target + 2 * k;
      store<f64>(into, load<f64>(into) + <f64>load<f32>(d + k));
    }
    pointers += pointerStride;
    d += dStride;
  }
}
