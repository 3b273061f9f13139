/**
 * Adds mask keystream to lanes, two masks to a pass: memory, not arithmetic, takes the time. AssemblyScript, not
 * TypeScript; pure. Pointers are into the module's memory; `count` is a multiple of 16; up to 4 bytes beyond the
 * keystreams may be read. Loops are unrolled and call nothing: whatever is called stays a call.
 */

/** Two bytes an element onto lanes of 16 bits. */
export function addKeystreams2(sum: usize, first: usize, second: usize, count: i32): void {
  for (let i = 0; i < count; i += 16) {
    const a = i16x8.add(v128.load(first), v128.load(second));
    const b = i16x8.add(v128.load(first, 16), v128.load(second, 16));
    v128.store(sum, i16x8.add(v128.load(sum), a));
    v128.store(sum, i16x8.add(v128.load(sum, 16), b), 16);
    first += 32;
    second += 32;
    sum += 32;
  }
}

/** Three bytes an element onto lanes of 32 bits. */
export function addKeystreams3(sum: usize, first: usize, second: usize, count: i32): void {
  const wide = i8x16(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1);
  for (let i = 0; i < count; i += 8) {
    const a = i8x16.swizzle(v128.load(first), wide);
    const b = i8x16.swizzle(v128.load(second), wide);
    const c = i8x16.swizzle(v128.load(first, 12), wide);
    const d = i8x16.swizzle(v128.load(second, 12), wide);
    v128.store(sum, i32x4.add(v128.load(sum), i32x4.add(a, b)));
    v128.store(sum, i32x4.add(v128.load(sum, 16), i32x4.add(c, d)), 16);
    first += 24;
    second += 24;
    sum += 32;
  }
}

/** Four bytes an element onto lanes of 32 bits. */
export function addKeystreams4(sum: usize, first: usize, second: usize, count: i32): void {
  for (let i = 0; i < count; i += 8) {
    const a = i32x4.add(v128.load(first), v128.load(second));
    const b = i32x4.add(v128.load(first, 16), v128.load(second, 16));
    v128.store(sum, i32x4.add(v128.load(sum), a));
    v128.store(sum, i32x4.add(v128.load(sum, 16), b), 16);
    first += 32;
    second += 32;
    sum += 32;
  }
}

export function negate16(values: usize, count: i32): void {
  for (let i = 0; i < count; i += 8) {
    v128.store(values, i16x8.neg(v128.load(values)));
    values += 16;
  }
}

export function negate32(values: usize, count: i32): void {
  for (let i = 0; i < count; i += 4) {
    v128.store(values, i32x4.neg(v128.load(values)));
    values += 16;
  }
}
