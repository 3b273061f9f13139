/**
 * Ring elements to packed bits, and packed bits onto sums. AssemblyScript, not TypeScript; pure. `count` is a
 * multiple of 16; up to 16 bytes beyond the packed bytes may be read and written.
 *
 * `flip` is 0 to add and −1 to subtract: (x ^ −1) − (−1) = −x.
 */

export function pack16(values: usize, packed: usize, count: i32): void {
  const low = i32x4.splat(0xffff);
  for (let i = 0; i < count; i += 8) {
    const first = v128.and(v128.load(values), low);
    const second = v128.and(v128.load(values, 16), low);
    v128.store(packed, i16x8.narrow_i32x4_u(first, second));
    values += 32;
    packed += 16;
  }
}

/** Four elements in nine bytes: element k begins at bit 2k of byte 2k, so every other one can be laid down at once. */
export function pack18(values: usize, packed: usize, count: i32): void {
  const even = i8x16(0, 1, 2, -1, 8, 9, 10, -1, -1, -1, -1, -1, -1, -1, -1, -1);
  const odd = i8x16(-1, -1, 4, 5, 6, -1, 12, 13, 14, -1, -1, -1, -1, -1, -1, -1);
  packFours(values, packed, count, 18, i32x4(1, 1 << 2, 1 << 4, 1 << 6), even, odd);
}

/** Four elements in ten bytes: they begin at bytes 0, 2, 5 and 7, the odd ones at bit 4. */
export function pack20(values: usize, packed: usize, count: i32): void {
  const even = i8x16(0, 1, 2, -1, -1, 8, 9, 10, -1, -1, -1, -1, -1, -1, -1, -1);
  const odd = i8x16(-1, -1, 4, 5, 6, -1, -1, 12, 13, 14, -1, -1, -1, -1, -1, -1);
  packFours(values, packed, count, 20, i32x4(1, 1 << 4, 1, 1 << 4), even, odd);
}

/** @param factors Stand for a shift of each lane by its own count. */
function packFours(
  values: usize,
  packed: usize,
  count: i32,
  bits: i32,
  factors: v128,
  even: v128,
  odd: v128,
): void {
  const low = i32x4.splat((1 << bits) - 1);
  const step = bits >> 1;
  for (let i = 0; i < count; i += 8) {
    const a = i32x4.mul(v128.and(v128.load(values), low), factors);
    const b = i32x4.mul(v128.and(v128.load(values, 16), low), factors);
    v128.store(packed, v128.or(i8x16.swizzle(a, even), i8x16.swizzle(a, odd)));
    packed += step;
    v128.store(packed, v128.or(i8x16.swizzle(b, even), i8x16.swizzle(b, odd)));
    packed += step;
    values += 32;
  }
}

export function pack24(values: usize, packed: usize, count: i32): void {
  const narrow = i8x16(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
  for (let i = 0; i < count; i += 8) {
    v128.store(packed, i8x16.swizzle(v128.load(values), narrow));
    v128.store(packed, i8x16.swizzle(v128.load(values, 16), narrow), 12);
    values += 32;
    packed += 24;
  }
}

export function addPacked16(sum: usize, packed: usize, count: i32, sign: i32): void {
  const flip = i32x4.splat(sign >> 31);
  for (let i = 0; i < count; i += 8) {
    const values = v128.load(packed);
    const low = v128.xor(i32x4.extend_low_i16x8_u(values), flip);
    const high = v128.xor(i32x4.extend_high_i16x8_u(values), flip);
    v128.store(sum, i32x4.add(v128.load(sum), i32x4.sub(low, flip)));
    v128.store(sum, i32x4.add(v128.load(sum, 16), i32x4.sub(high, flip)), 16);
    packed += 16;
    sum += 32;
  }
}

export function addPacked18(sum: usize, packed: usize, count: i32, sign: i32): void {
  const bytes = i8x16(0, 1, 2, -1, 2, 3, 4, -1, 4, 5, 6, -1, 6, 7, 8, -1);
  addFours(sum, packed, count, sign, 18, bytes, i32x4(1 << 6, 1 << 4, 1 << 2, 1));
}

export function addPacked20(sum: usize, packed: usize, count: i32, sign: i32): void {
  const bytes = i8x16(0, 1, 2, -1, 2, 3, 4, -1, 5, 6, 7, -1, 7, 8, 9, -1);
  addFours(sum, packed, count, sign, 20, bytes, i32x4(1 << 4, 1, 1 << 4, 1));
}

export function addPacked24(sum: usize, packed: usize, count: i32, sign: i32): void {
  const flip = i32x4.splat(sign >> 31);
  const wide = i8x16(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1);
  for (let i = 0; i < count; i += 8) {
    const a = v128.xor(i8x16.swizzle(v128.load(packed), wide), flip);
    const b = v128.xor(i8x16.swizzle(v128.load(packed, 12), wide), flip);
    v128.store(sum, i32x4.add(v128.load(sum), i32x4.sub(a, flip)));
    v128.store(sum, i32x4.add(v128.load(sum, 16), i32x4.sub(b, flip)), 16);
    packed += 24;
    sum += 32;
  }
}

export function addPacked32(sum: usize, packed: usize, count: i32, sign: i32): void {
  const flip = i32x4.splat(sign >> 31);
  for (let i = 0; i < count; i += 8) {
    const a = v128.xor(v128.load(packed), flip);
    const b = v128.xor(v128.load(packed, 16), flip);
    v128.store(sum, i32x4.add(v128.load(sum), i32x4.sub(a, flip)));
    v128.store(sum, i32x4.add(v128.load(sum, 16), i32x4.sub(b, flip)), 16);
    packed += 32;
    sum += 32;
  }
}

/** @param factors Bring the element of each lane to the top of three bytes. */
function addFours(
  sum: usize,
  packed: usize,
  count: i32,
  sign: i32,
  bits: i32,
  bytes: v128,
  factors: v128,
): void {
  const flip = i32x4.splat(sign >> 31);
  const low = i32x4.splat((1 << bits) - 1);
  const step = bits >> 1;
  const drop = 24 - bits;
  for (let i = 0; i < count; i += 8) {
    let a = i32x4.mul(i8x16.swizzle(v128.load(packed), bytes), factors);
    packed += step;
    let b = i32x4.mul(i8x16.swizzle(v128.load(packed), bytes), factors);
    packed += step;
    a = v128.xor(v128.and(i32x4.shr_u(a, drop), low), flip);
    b = v128.xor(v128.and(i32x4.shr_u(b, drop), low), flip);
    v128.store(sum, i32x4.add(v128.load(sum), i32x4.sub(a, flip)));
    v128.store(sum, i32x4.add(v128.load(sum, 16), i32x4.sub(b, flip)), 16);
    sum += 32;
  }
}

/** Keeps the bits of `mask` in each value. */
export function reduce(values: usize, count: i32, mask: i32): void {
  const low = i32x4.splat(mask);
  for (let i = 0; i < count; i += 4) {
    v128.store(values, v128.and(v128.load(values), low));
    values += 16;
  }
}
