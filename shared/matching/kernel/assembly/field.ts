/**
 * The field of 2^255 − 19, two elements at a time: how they are written, and powers of them. No branch and no address
 * depends on a value. AssemblyScript, not TypeScript; pure.
 */
import { power } from "./double.ts";
import { multiply } from "./product.ts";
import { square } from "./square.ts";

/** Bytes of a pair of elements: twelve pairs of doubles. */
export const ELEMENT: usize = 192;
const LIMBS: i32 = 12;
const LANE: usize = 8;

/** out = f + g, a sum. */
export function add(out: usize, f: usize, g: usize): void {
  for (let i: usize = 0; i < ELEMENT; i += 16) {
    v128.store(out + i, f64x2.add(v128.load(f + i), v128.load(g + i)));
  }
}

/** out = f − g, a difference. */
export function subtract(out: usize, f: usize, g: usize): void {
  for (let i: usize = 0; i < ELEMENT; i += 16) {
    v128.store(out + i, f64x2.sub(v128.load(f + i), v128.load(g + i)));
  }
}

export function copy(out: usize, f: usize): void {
  memory.copy(out, f, ELEMENT);
}

/** Both elements of a pair = a small whole number. */
export function set(out: usize, value: f64): void {
  memory.fill(out, 0, ELEMENT);
  v128.store(out, f64x2.splat(value));
}

/** One element of a pair = a small whole number. */
export function setLane(out: usize, lane: i32, value: f64): void {
  const at = out + (lane as usize) * LANE;
  for (let i: usize = 0; i < ELEMENT; i += 16) store<f64>(at + i, 0);
  store<f64>(at, value);
}

/** Swaps f and g in the lanes whose number is 1, in the same time as where it is 0. */
export function swapIf(first: i32, second: i32, f: usize, g: usize): void {
  const mask = i64x2.replace_lane(i64x2.splat(-(first as i64)), 1, -(second as i64));
  for (let i: usize = 0; i < ELEMENT; i += 16) {
    const a = v128.load(f + i);
    const b = v128.load(g + i);
    const difference = v128.and(v128.xor(a, b), mask);
    v128.store(f + i, v128.xor(a, difference));
    v128.store(g + i, v128.xor(b, difference));
  }
}

/** ⌈21.25·i⌉: the bit at which limb i begins. */
@inline
function placeOf(i: i32): i32 {
  return (85 * i + 3) >> 2;
}

@inline
function widthOf(i: i32): i32 {
  return placeOf(i + 1) - placeOf(i);
}

/** One element of a pair from 32 little-endian bytes, without the highest bit; up to 6 bytes beyond them are read. */
export function fromBytes(out: usize, lane: i32, bytes: usize): void {
  for (let i = 0; i < LIMBS; i++) {
    const place = placeOf(i);
    const word = load<u64>(bytes + ((place >> 3) as usize)) >> ((place & 7) as u64);
    const limb = word & (((1 as u64) << (widthOf(i) as u64)) - 1);
    const at = out + (i as usize) * 16 + (lane as usize) * LANE;
    store<f64>(at, (limb as f64) * power(place));
  }
}

/**
 * The one representative below 2^255 − 19 of one element of a pair, as 32 little-endian bytes; 6 bytes beyond them are
 * overwritten.
 */
export function toBytes(bytes: usize, f: usize, lane: i32): void {
  // How often the prime goes into f: what is carried out of the top when 19 is added at the bottom.
  let carry = (19 * limbOf(f, lane, LIMBS - 1) + (1 << 20)) >> 21;
  for (let i = 0; i < LIMBS; i++) carry = (limbOf(f, lane, i) + carry) >> (widthOf(i) as i64);
  memory.fill(bytes, 0, 38);
  carry *= 19;
  for (let i = 0; i < LIMBS; i++) {
    const width = widthOf(i) as i64;
    const limb = limbOf(f, lane, i) + carry;
    carry = limb >> width;
    const low = (limb & (((1 as i64) << width) - 1)) as u64;
    const place = placeOf(i);
    const to = bytes + ((place >> 3) as usize);
    store<u64>(to, load<u64>(to) | (low << ((place & 7) as u64)));
  }
}

/** Limb i as a whole number, in units of its place. */
@inline
function limbOf(f: usize, lane: i32, i: i32): i64 {
  return (load<f64>(f + (i as usize) * 16 + (lane as usize) * LANE) * power(-placeOf(i))) as i64;
}

/** out = f^(2^count), count ≥ 1. */
function squareTimes(out: usize, f: usize, count: i32): void {
  square(out, f);
  for (let i = 1; i < count; i++) square(out, out);
}

/**
 * out = f^(2^250 − 1), of which inverses and residue symbols are made: the exponents 2^k − 1 for k = 5, 10, 20, 40, 50,
 * 100, 200, 250. `work` has room for three pairs.
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

/** out = 1/f, and 0 for 0: f^(p − 2), p − 2 = 2^5·(2^250 − 1) + 11. `out` is not `f`; `work` has room for
 * four pairs. */
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
 * Bit 0 and bit 1: whether the elements of a pair are squares, 0 counted among them. Euler's criterion, f^((p − 1)/2),
 * (p − 1)/2 = 2^4·(2^250 − 1) + 6. `work` has room for five pairs.
 */
export function areSquares(f: usize, work: usize): i32 {
  const symbol = work + 3 * ELEMENT;
  const sixth = work + 4 * ELEMENT;
  powerOfOnes(symbol, f, work);
  squareTimes(symbol, symbol, 4);
  square(work, f);
  multiply(sixth, work, f);
  square(sixth, sixth); // f^6
  multiply(symbol, symbol, sixth);
  return isSmall(symbol, 0, work) | (isSmall(symbol, 1, work) << 1);
}

/** 1 if one element of a pair is 0 or 1, else 0. */
function isSmall(f: usize, lane: i32, work: usize): i32 {
  toBytes(work, f, lane);
  const rest = load<u64>(work, 8) | load<u64>(work, 16) | load<u64>(work, 24);
  return ((rest | (load<u64>(work) >> 1)) == 0) as i32;
}
