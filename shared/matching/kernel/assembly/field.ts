/**
 * The field of 2^255 − 19: ten limbs of alternately 26 and 25 bits, signed, so that the place of limb i is 2^⌈25.5·i⌉.
 * A product's limbs stay below 2^25.1 in absolute value; products take sums and differences of two such elements, and
 * no partial sum reaches 2^63. No branch and no address depends on a value. AssemblyScript, not TypeScript; pure.
 *
 * @see Bernstein, Curve25519: new Diffie-Hellman speed records, PKC 2006, §4, for the radix.
 */

/** Bytes of an element: ten 32-bit words. */
export const ELEMENT: usize = 40;

/** out = f·g; any of the three may be the same place. 19 and 2 make up for what the radix leaves: 2^255 = 19. */
export function multiply(out: usize, f: usize, g: usize): void {
  const f0: i64 = load<i32>(f, 0);
  const f1: i64 = load<i32>(f, 4);
  const f2: i64 = load<i32>(f, 8);
  const f3: i64 = load<i32>(f, 12);
  const f4: i64 = load<i32>(f, 16);
  const f5: i64 = load<i32>(f, 20);
  const f6: i64 = load<i32>(f, 24);
  const f7: i64 = load<i32>(f, 28);
  const f8: i64 = load<i32>(f, 32);
  const f9: i64 = load<i32>(f, 36);
  const g0: i64 = load<i32>(g, 0);
  const g1: i64 = load<i32>(g, 4);
  const g2: i64 = load<i32>(g, 8);
  const g3: i64 = load<i32>(g, 12);
  const g4: i64 = load<i32>(g, 16);
  const g5: i64 = load<i32>(g, 20);
  const g6: i64 = load<i32>(g, 24);
  const g7: i64 = load<i32>(g, 28);
  const g8: i64 = load<i32>(g, 32);
  const g9: i64 = load<i32>(g, 36);
  const f1d = f1 << 1;
  const f3d = f3 << 1;
  const f5d = f5 << 1;
  const f7d = f7 << 1;
  const f9d = f9 << 1;
  const g1n = g1 * 19;
  const g2n = g2 * 19;
  const g3n = g3 * 19;
  const g4n = g4 * 19;
  const g5n = g5 * 19;
  const g6n = g6 * 19;
  const g7n = g7 * 19;
  const g8n = g8 * 19;
  const g9n = g9 * 19;
  let h0: i64 = f0 * g0 + f1d * g9n + f2 * g8n + f3d * g7n + f4 * g6n + f5d * g5n + f6 * g4n + f7d * g3n + f8 * g2n + f9d * g1n;
  let h1: i64 = f0 * g1 + f1 * g0 + f2 * g9n + f3 * g8n + f4 * g7n + f5 * g6n + f6 * g5n + f7 * g4n + f8 * g3n + f9 * g2n;
  let h2: i64 = f0 * g2 + f1d * g1 + f2 * g0 + f3d * g9n + f4 * g8n + f5d * g7n + f6 * g6n + f7d * g5n + f8 * g4n + f9d * g3n;
  let h3: i64 = f0 * g3 + f1 * g2 + f2 * g1 + f3 * g0 + f4 * g9n + f5 * g8n + f6 * g7n + f7 * g6n + f8 * g5n + f9 * g4n;
  let h4: i64 = f0 * g4 + f1d * g3 + f2 * g2 + f3d * g1 + f4 * g0 + f5d * g9n + f6 * g8n + f7d * g7n + f8 * g6n + f9d * g5n;
  let h5: i64 = f0 * g5 + f1 * g4 + f2 * g3 + f3 * g2 + f4 * g1 + f5 * g0 + f6 * g9n + f7 * g8n + f8 * g7n + f9 * g6n;
  let h6: i64 = f0 * g6 + f1d * g5 + f2 * g4 + f3d * g3 + f4 * g2 + f5d * g1 + f6 * g0 + f7d * g9n + f8 * g8n + f9d * g7n;
  let h7: i64 = f0 * g7 + f1 * g6 + f2 * g5 + f3 * g4 + f4 * g3 + f5 * g2 + f6 * g1 + f7 * g0 + f8 * g9n + f9 * g8n;
  let h8: i64 = f0 * g8 + f1d * g7 + f2 * g6 + f3d * g5 + f4 * g4 + f5d * g3 + f6 * g2 + f7d * g1 + f8 * g0 + f9d * g9n;
  let h9: i64 = f0 * g9 + f1 * g8 + f2 * g7 + f3 * g6 + f4 * g5 + f5 * g4 + f6 * g3 + f7 * g2 + f8 * g1 + f9 * g0;
  let c: i64;
  c = (h0 + (1 << 25)) >> 26;
  h1 += c;
  h0 -= c << 26;
  c = (h4 + (1 << 25)) >> 26;
  h5 += c;
  h4 -= c << 26;
  c = (h1 + (1 << 24)) >> 25;
  h2 += c;
  h1 -= c << 25;
  c = (h5 + (1 << 24)) >> 25;
  h6 += c;
  h5 -= c << 25;
  c = (h2 + (1 << 25)) >> 26;
  h3 += c;
  h2 -= c << 26;
  c = (h6 + (1 << 25)) >> 26;
  h7 += c;
  h6 -= c << 26;
  c = (h3 + (1 << 24)) >> 25;
  h4 += c;
  h3 -= c << 25;
  c = (h7 + (1 << 24)) >> 25;
  h8 += c;
  h7 -= c << 25;
  c = (h4 + (1 << 25)) >> 26;
  h5 += c;
  h4 -= c << 26;
  c = (h8 + (1 << 25)) >> 26;
  h9 += c;
  h8 -= c << 26;
  c = (h9 + (1 << 24)) >> 25;
  h0 += 19 * c;
  h9 -= c << 25;
  c = (h0 + (1 << 25)) >> 26;
  h1 += c;
  h0 -= c << 26;
  store<i32>(out, h0 as i32, 0);
  store<i32>(out, h1 as i32, 4);
  store<i32>(out, h2 as i32, 8);
  store<i32>(out, h3 as i32, 12);
  store<i32>(out, h4 as i32, 16);
  store<i32>(out, h5 as i32, 20);
  store<i32>(out, h6 as i32, 24);
  store<i32>(out, h7 as i32, 28);
  store<i32>(out, h8 as i32, 32);
  store<i32>(out, h9 as i32, 36);
}

/** out = f²: every pair of limbs once. */
export function square(out: usize, f: usize): void {
  const f0: i64 = load<i32>(f, 0);
  const f1: i64 = load<i32>(f, 4);
  const f2: i64 = load<i32>(f, 8);
  const f3: i64 = load<i32>(f, 12);
  const f4: i64 = load<i32>(f, 16);
  const f5: i64 = load<i32>(f, 20);
  const f6: i64 = load<i32>(f, 24);
  const f7: i64 = load<i32>(f, 28);
  const f8: i64 = load<i32>(f, 32);
  const f9: i64 = load<i32>(f, 36);
  const f0d = f0 << 1;
  const f1d = f1 << 1;
  const f2d = f2 << 1;
  const f3d = f3 << 1;
  const f4d = f4 << 1;
  const f5d = f5 << 1;
  const f6d = f6 << 1;
  const f7d = f7 << 1;
  const f8d = f8 << 1;
  const f9d = f9 << 1;
  const f5n = f5 * 19;
  const f6n = f6 * 19;
  const f7n = f7 * 19;
  const f8n = f8 * 19;
  const f9n = f9 * 19;
  const f7m = f7 * 38;
  const f9m = f9 * 38;
  let h0: i64 = f0 * f0 + f1d * f9m + f2d * f8n + f3d * f7m + f4d * f6n + f5d * f5n;
  let h1: i64 = f0d * f1 + f2d * f9n + f3d * f8n + f4d * f7n + f5d * f6n;
  let h2: i64 = f0d * f2 + f1d * f1 + f3d * f9m + f4d * f8n + f5d * f7m + f6 * f6n;
  let h3: i64 = f0d * f3 + f1d * f2 + f4d * f9n + f5d * f8n + f6d * f7n;
  let h4: i64 = f0d * f4 + f1d * f3d + f2 * f2 + f5d * f9m + f6d * f8n + f7d * f7n;
  let h5: i64 = f0d * f5 + f1d * f4 + f2d * f3 + f6d * f9n + f7d * f8n;
  let h6: i64 = f0d * f6 + f1d * f5d + f2d * f4 + f3d * f3 + f7d * f9m + f8 * f8n;
  let h7: i64 = f0d * f7 + f1d * f6 + f2d * f5 + f3d * f4 + f8d * f9n;
  let h8: i64 = f0d * f8 + f1d * f7d + f2d * f6 + f3d * f5d + f4 * f4 + f9d * f9n;
  let h9: i64 = f0d * f9 + f1d * f8 + f2d * f7 + f3d * f6 + f4d * f5;
  let c: i64;
  c = (h0 + (1 << 25)) >> 26;
  h1 += c;
  h0 -= c << 26;
  c = (h4 + (1 << 25)) >> 26;
  h5 += c;
  h4 -= c << 26;
  c = (h1 + (1 << 24)) >> 25;
  h2 += c;
  h1 -= c << 25;
  c = (h5 + (1 << 24)) >> 25;
  h6 += c;
  h5 -= c << 25;
  c = (h2 + (1 << 25)) >> 26;
  h3 += c;
  h2 -= c << 26;
  c = (h6 + (1 << 25)) >> 26;
  h7 += c;
  h6 -= c << 26;
  c = (h3 + (1 << 24)) >> 25;
  h4 += c;
  h3 -= c << 25;
  c = (h7 + (1 << 24)) >> 25;
  h8 += c;
  h7 -= c << 25;
  c = (h4 + (1 << 25)) >> 26;
  h5 += c;
  h4 -= c << 26;
  c = (h8 + (1 << 25)) >> 26;
  h9 += c;
  h8 -= c << 26;
  c = (h9 + (1 << 24)) >> 25;
  h0 += 19 * c;
  h9 -= c << 25;
  c = (h0 + (1 << 25)) >> 26;
  h1 += c;
  h0 -= c << 26;
  store<i32>(out, h0 as i32, 0);
  store<i32>(out, h1 as i32, 4);
  store<i32>(out, h2 as i32, 8);
  store<i32>(out, h3 as i32, 12);
  store<i32>(out, h4 as i32, 16);
  store<i32>(out, h5 as i32, 20);
  store<i32>(out, h6 as i32, 24);
  store<i32>(out, h7 as i32, 28);
  store<i32>(out, h8 as i32, 32);
  store<i32>(out, h9 as i32, 36);
}

/** out = f·factor, for a factor below 2^31. */
export function multiplySmall(out: usize, f: usize, factor: i64): void {
  let h0: i64 = (load<i32>(f, 0) as i64) * factor;
  let h1: i64 = (load<i32>(f, 4) as i64) * factor;
  let h2: i64 = (load<i32>(f, 8) as i64) * factor;
  let h3: i64 = (load<i32>(f, 12) as i64) * factor;
  let h4: i64 = (load<i32>(f, 16) as i64) * factor;
  let h5: i64 = (load<i32>(f, 20) as i64) * factor;
  let h6: i64 = (load<i32>(f, 24) as i64) * factor;
  let h7: i64 = (load<i32>(f, 28) as i64) * factor;
  let h8: i64 = (load<i32>(f, 32) as i64) * factor;
  let h9: i64 = (load<i32>(f, 36) as i64) * factor;
  let c: i64;
  c = (h0 + (1 << 25)) >> 26;
  h1 += c;
  h0 -= c << 26;
  c = (h4 + (1 << 25)) >> 26;
  h5 += c;
  h4 -= c << 26;
  c = (h1 + (1 << 24)) >> 25;
  h2 += c;
  h1 -= c << 25;
  c = (h5 + (1 << 24)) >> 25;
  h6 += c;
  h5 -= c << 25;
  c = (h2 + (1 << 25)) >> 26;
  h3 += c;
  h2 -= c << 26;
  c = (h6 + (1 << 25)) >> 26;
  h7 += c;
  h6 -= c << 26;
  c = (h3 + (1 << 24)) >> 25;
  h4 += c;
  h3 -= c << 25;
  c = (h7 + (1 << 24)) >> 25;
  h8 += c;
  h7 -= c << 25;
  c = (h4 + (1 << 25)) >> 26;
  h5 += c;
  h4 -= c << 26;
  c = (h8 + (1 << 25)) >> 26;
  h9 += c;
  h8 -= c << 26;
  c = (h9 + (1 << 24)) >> 25;
  h0 += 19 * c;
  h9 -= c << 25;
  c = (h0 + (1 << 25)) >> 26;
  h1 += c;
  h0 -= c << 26;
  store<i32>(out, h0 as i32, 0);
  store<i32>(out, h1 as i32, 4);
  store<i32>(out, h2 as i32, 8);
  store<i32>(out, h3 as i32, 12);
  store<i32>(out, h4 as i32, 16);
  store<i32>(out, h5 as i32, 20);
  store<i32>(out, h6 as i32, 24);
  store<i32>(out, h7 as i32, 28);
  store<i32>(out, h8 as i32, 32);
  store<i32>(out, h9 as i32, 36);
}

/** out = f + g, not reduced. */
export function add(out: usize, f: usize, g: usize): void {
  for (let i: usize = 0; i < ELEMENT; i += 4) {
    store<i32>(out + i, load<i32>(f + i) + load<i32>(g + i));
  }
}

/** out = f − g, not reduced. */
export function subtract(out: usize, f: usize, g: usize): void {
  for (let i: usize = 0; i < ELEMENT; i += 4) {
    store<i32>(out + i, load<i32>(f + i) - load<i32>(g + i));
  }
}

export function copy(out: usize, f: usize): void {
  memory.copy(out, f, ELEMENT);
}

/** out = a small whole number. */
export function set(out: usize, value: i32): void {
  memory.fill(out, 0, ELEMENT);
  store<i32>(out, value);
}

/** Swaps f and g if `bit` is 1, in the same time as if it is 0. */
export function swapIf(bit: i32, f: usize, g: usize): void {
  const mask = -bit;
  for (let i: usize = 0; i < ELEMENT; i += 4) {
    const a = load<i32>(f + i);
    const b = load<i32>(g + i);
    const difference = (a ^ b) & mask;
    store<i32>(f + i, a ^ difference);
    store<i32>(g + i, b ^ difference);
  }
}

/** f from 32 little-endian bytes, without the highest bit; up to 5 bytes beyond them are read. */
export function fromBytes(out: usize, bytes: usize): void {
  for (let i = 0; i < 10; i++) {
    const at = placeOf(i);
    const word = load<u64>(bytes + (at >> 3)) >> (at & 7);
    store<i32>(out + ((i as usize) << 2), (word & ((1 << (26 - (i & 1))) - 1)) as i32);
  }
}

/** ⌈25.5·i⌉: the bit at which limb i begins. */
// @ts-ignore: decorators are AssemblyScript's.
@inline
function placeOf(i: i32): usize {
  return ((51 * i + 1) >> 1) as usize;
}

/** The one representative below 2^255 − 19, as 32 little-endian bytes; 4 bytes beyond them are overwritten. */
export function toBytes(bytes: usize, f: usize): void {
  // How often the prime goes into f: what is carried out of the top when 19 is added at the bottom.
  let carry = (19 * (load<i32>(f, 36) as i64) + (1 << 24)) >> 25;
  for (let i = 0; i < 10; i++) {
    carry = ((load<i32>(f + ((i as usize) << 2)) as i64) + carry) >> (26 - (i & 1));
  }
  memory.fill(bytes, 0, 36);
  carry *= 19;
  for (let i = 0; i < 10; i++) {
    const width = 26 - (i & 1);
    const limb = (load<i32>(f + ((i as usize) << 2)) as i64) + carry;
    carry = limb >> width;
    const at = placeOf(i);
    const to = bytes + (at >> 3);
    const low = (limb & ((1 << width) - 1)) as u64;
    store<u64>(to, load<u64>(to) | (low << (at & 7)));
  }
}

/** out = f^(2^count), count ≥ 1. */
function squareTimes(out: usize, f: usize, count: i32): void {
  square(out, f);
  for (let i = 1; i < count; i++) square(out, out);
}

/**
 * out = f^(2^250 − 1), of which inverses and residue symbols are made: the exponents 2^k − 1 for k = 5, 10, 20, 40, 50,
 * 100, 200, 250. `work` has room for three elements.
 */
function powerOfOnes(out: usize, f: usize, work: usize): void {
  const a = work;
  const b = work + ELEMENT;
  const c = work + 2 * ELEMENT;
  square(a, f);
  squareTimes(b, a, 2);
  multiply(b, b, f); // f^9
  multiply(a, a, b); // f^11
  square(a, a);
  multiply(a, a, b); // 2^5 − 1
  squareTimes(b, a, 5);
  multiply(a, b, a); // 2^10 − 1
  squareTimes(b, a, 10);
  multiply(b, b, a); // 2^20 − 1
  squareTimes(c, b, 20);
  multiply(b, c, b); // 2^40 − 1
  squareTimes(b, b, 10);
  multiply(a, b, a); // 2^50 − 1
  squareTimes(b, a, 50);
  multiply(b, b, a); // 2^100 − 1
  squareTimes(c, b, 100);
  multiply(b, c, b); // 2^200 − 1
  squareTimes(b, b, 50);
  multiply(out, b, a);
}

/** out = 1/f, and 0 for 0: f^(p − 2), p − 2 = 2^5·(2^250 − 1) + 11. `out` is not `f`; `work` holds four elements. */
export function invert(out: usize, f: usize, work: usize): void {
  const eleventh = work + 3 * ELEMENT;
  powerOfOnes(out, f, work);
  squareTimes(out, out, 5);
  square(eleventh, f);
  multiply(work, eleventh, f); // f^3
  squareTimes(eleventh, eleventh, 2);
  multiply(eleventh, eleventh, work); // f^11
  multiply(out, out, eleventh);
}

/**
 * 1 if f is a square, 0 counted among them, else 0: Euler's criterion, f^((p − 1)/2), (p − 1)/2 =
 * 2^4·(2^250 − 1) + 6. `work` has room for five elements.
 */
export function isSquare(f: usize, work: usize): i32 {
  const symbol = work + 3 * ELEMENT;
  const sixth = work + 4 * ELEMENT;
  powerOfOnes(symbol, f, work);
  squareTimes(symbol, symbol, 4);
  square(work, f);
  multiply(sixth, work, f);
  square(sixth, sixth); // f^6
  multiply(symbol, symbol, sixth);
  toBytes(work, symbol);
  const rest = load<u64>(work, 8) | load<u64>(work, 16) | load<u64>(work, 24);
  return ((rest | (load<u64>(work) & ~1)) == 0) as i32;
}
