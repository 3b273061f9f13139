/**
 * Walsh-Hadamard butterflies. Every level adds and subtracts the same pairs as the textbook loop does, three
 * levels to a pass over memory, so results agree to the last bit. AssemblyScript, not TypeScript; pure.
 */

/** All levels from stride `first` on, then a factor. `length` is a power of two, at least 64. */
export function hadamard32(values: usize, length: i32, first: i32, factor: f32): void {
  if (first === 1) firstLevels32(values, length);
  laterLevels<f32>(values, length, first === 1 ? 4 : first);
  if (factor !== 1) scale<f32>(values, length, f32x4.splat(factor));
}

/** The same for doubles. */
export function hadamard64(values: usize, length: i32, first: i32, factor: f64): void {
  if (first === 1) firstLevel64(values, length);
  laterLevels<f64>(values, length, first === 1 ? 2 : first);
  if (factor !== 1) scale<f64>(values, length, f64x2.splat(factor));
}

/** Strides 1 and 2, inside a register: a ± b is the swapped pair plus the pair with one sign flipped. */
function firstLevels32(values: usize, length: i32): void {
  const odd = i32x4(0, 0x80000000, 0, 0x80000000);
  const high = i32x4(0, 0, 0x80000000, 0x80000000);
  const end = values + ((length as usize) << 2);
  for (; values < end; values += 16) {
    let x = v128.load(values);
    x = f32x4.add(v128.shuffle<f32>(x, x, 1, 0, 3, 2), v128.xor(x, odd));
    x = f32x4.add(v128.shuffle<f32>(x, x, 2, 3, 0, 1), v128.xor(x, high));
    v128.store(values, x);
  }
}

function firstLevel64(values: usize, length: i32): void {
  const odd = i64x2(0, 0x8000000000000000);
  const end = values + ((length as usize) << 3);
  for (; values < end; values += 16) {
    const x = v128.load(values);
    v128.store(values, f64x2.add(v128.shuffle<f64>(x, x, 1, 0), v128.xor(x, odd)));
  }
}

/** Strides from `stride` on, which fill whole registers. */
function laterLevels<T>(values: usize, length: i32, stride: i32): void {
  const end = values + (length as usize) * sizeof<T>();
  let step = (stride as usize) * sizeof<T>();
  const bytes = end - values;
  for (; step << 3 <= bytes; step <<= 3) {
    for (let block = values; block < end; block += step << 3) {
      for (let at = block; at < block + step; at += 16) threeLevels<T>(at, step);
    }
  }
  for (; step << 1 <= bytes; step <<= 1) {
    for (let block = values; block < end; block += step << 1) {
      for (let at = block; at < block + step; at += 16) {
        const a = v128.load(at);
        const b = v128.load(at + step);
        v128.store(at, v128.add<T>(a, b));
        v128.store(at + step, v128.sub<T>(a, b));
      }
    }
  }
}

/** Eight registers, `step` bytes apart: strides of one, two and four steps. */
function threeLevels<T>(at: usize, step: usize): void {
  const high = at + (step << 2);
  const x0 = v128.load(at);
  const x1 = v128.load(at + step);
  const x2 = v128.load(at + step * 2);
  const x3 = v128.load(at + step * 3);
  const x4 = v128.load(high);
  const x5 = v128.load(high + step);
  const x6 = v128.load(high + step * 2);
  const x7 = v128.load(high + step * 3);
  const a0 = v128.add<T>(x0, x1);
  const a1 = v128.sub<T>(x0, x1);
  const a2 = v128.add<T>(x2, x3);
  const a3 = v128.sub<T>(x2, x3);
  const a4 = v128.add<T>(x4, x5);
  const a5 = v128.sub<T>(x4, x5);
  const a6 = v128.add<T>(x6, x7);
  const a7 = v128.sub<T>(x6, x7);
  const b0 = v128.add<T>(a0, a2);
  const b1 = v128.add<T>(a1, a3);
  const b2 = v128.sub<T>(a0, a2);
  const b3 = v128.sub<T>(a1, a3);
  const b4 = v128.add<T>(a4, a6);
  const b5 = v128.add<T>(a5, a7);
  const b6 = v128.sub<T>(a4, a6);
  const b7 = v128.sub<T>(a5, a7);
  v128.store(at, v128.add<T>(b0, b4));
  v128.store(at + step, v128.add<T>(b1, b5));
  v128.store(at + step * 2, v128.add<T>(b2, b6));
  v128.store(at + step * 3, v128.add<T>(b3, b7));
  v128.store(high, v128.sub<T>(b0, b4));
  v128.store(high + step, v128.sub<T>(b1, b5));
  v128.store(high + step * 2, v128.sub<T>(b2, b6));
  v128.store(high + step * 3, v128.sub<T>(b3, b7));
}

function scale<T>(values: usize, length: i32, factor: v128): void {
  const end = values + (length as usize) * sizeof<T>();
  for (; values < end; values += 16) v128.store(values, v128.mul<T>(v128.load(values), factor));
}
