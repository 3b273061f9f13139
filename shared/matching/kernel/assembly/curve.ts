/**
 * Points of Curve25519, v² = u³ + 486662·u² + u, by their u-coordinate alone: 32 little-endian bytes each, in rows. No
 * branch and no address depends on a secret. AssemblyScript, not TypeScript; pure.
 */
import {
  add,
  copy,
  ELEMENT,
  fromBytes,
  invert,
  isSquare,
  multiply,
  multiplySmall,
  set,
  square,
  subtract,
  swapIf,
  toBytes,
} from "./field";

const POINT: usize = 32;
/** J of the curve's equation. */
const J: i64 = 486_662;
/** (J − 2)/4. */
const LADDER_FACTOR: i64 = 121_665;

/** Elements for passing use lie at the bottom of the memory; callers keep their own from `SCRATCH` on. */
const A: usize = 0;
const B: usize = A + ELEMENT;
const C: usize = B + ELEMENT;
const D: usize = C + ELEMENT;
const E: usize = D + ELEMENT;
const X1: usize = E + ELEMENT;
const X2: usize = X1 + ELEMENT;
const Z2: usize = X2 + ELEMENT;
const X3: usize = Z2 + ELEMENT;
const Z3: usize = X3 + ELEMENT;
const WORK: usize = Z3 + ELEMENT;

/**
 * Whether each of `count` rows is a point as honest members send them: the one way to write its coordinate, not 0, and
 * on the curve itself, not its twist.
 *
 * @returns The first row that is not, or −1.
 */
export function findBadPoint(points: usize, count: i32): i32 {
  for (let i = 0; i < count; i++, points += POINT) {
    fromBytes(X1, points);
    toBytes(A, X1);
    let other: u64 = 0;
    let any: u64 = 0;
    for (let j: usize = 0; j < POINT; j += 8) {
      const word = load<u64>(points + j);
      any |= word;
      other |= word ^ load<u64>(A + j);
    }
    square(A, X1);
    multiplySmall(B, X1, J);
    add(A, A, B);
    set(B, 1);
    add(A, A, B);
    multiply(A, A, X1);
    if (any == 0 || other != 0 || isSquare(A, WORK) == 0) return i;
  }
  return -1;
}

/**
 * Replaces each of `count` rows by scalar times it, X25519 without clamping.
 *
 * @param scalar 32 bytes, clamped.
 * @param room For 120 bytes a row.
 * @returns The first row that became 0, being of low order, or −1.
 * @see RFC 7748, §5.
 */
export function multiplyPoints(points: usize, count: i32, scalar: usize, room: usize): i32 {
  let bad = -1;
  for (let i = count - 1; i >= 0; i--) {
    fromBytes(X1, points + (i as usize) * POINT);
    ladder(scalar);
    toBytes(WORK, Z2);
    let any: u64 = 0;
    for (let j: usize = 0; j < POINT; j += 8) any |= load<u64>(WORK + j);
    if (any == 0) {
      bad = i;
      set(X2, 0);
      set(Z2, 1);
    }
    const at = room + (i as usize) * (2 * ELEMENT);
    copy(at, X2);
    copy(at + ELEMENT, Z2);
  }
  writeQuotients(points, count, room);
  return bad;
}

/** X2 : Z2 becomes scalar times X1. */
function ladder(scalar: usize): void {
  set(X2, 1);
  set(Z2, 0);
  copy(X3, X1);
  set(Z3, 1);
  let swap = 0;
  for (let t = 254; t >= 0; t--) {
    const bit = ((load<u8>(scalar + ((t >> 3) as usize)) >> ((t & 7) as u8)) & 1) as i32;
    swapIf(swap ^ bit, X2, X3);
    swapIf(swap ^ bit, Z2, Z3);
    swap = bit;
    add(A, X2, Z2);
    subtract(B, X2, Z2);
    add(C, X3, Z3);
    subtract(D, X3, Z3);
    multiply(D, D, A);
    multiply(C, C, B);
    square(A, A);
    square(B, B);
    add(X3, D, C);
    square(X3, X3);
    subtract(Z3, D, C);
    square(Z3, Z3);
    multiply(Z3, Z3, X1);
    multiply(X2, A, B);
    subtract(E, A, B);
    multiplySmall(B, E, LADDER_FACTOR);
    add(A, A, B);
    multiply(Z2, E, A);
  }
  swapIf(swap, X2, X3);
  swapIf(swap, Z2, Z3);
}

/**
 * Rows from pairs of numerator and denominator in `room`, one inversion for all of them.
 *
 * @param room 80 bytes a pair, and 40 a row behind them. No denominator is 0.
 * @see Montgomery, Speeding the Pollard and elliptic curve methods of factorization, 1987, §10.3.1.
 */
function writeQuotients(points: usize, count: i32, room: usize): void {
  const products = room + (count as usize) * (2 * ELEMENT);
  set(A, 1);
  for (let i: usize = 0; i < (count as usize); i++) {
    copy(products + i * ELEMENT, A);
    multiply(A, A, room + i * (2 * ELEMENT) + ELEMENT);
  }
  invert(B, A, WORK);
  for (let i = count - 1; i >= 0; i--) {
    const at = room + (i as usize) * (2 * ELEMENT);
    multiply(C, B, products + (i as usize) * ELEMENT);
    multiply(B, B, at + ELEMENT);
    multiply(C, C, at);
    // By way of a row of its own: what is written too far is not the next row's.
    toBytes(WORK, C);
    memory.copy(points + (i as usize) * POINT, WORK, POINT);
  }
}

/**
 * Writes a row for each of `count` uniform strings: Elligator 2, the u-coordinate alone.
 *
 * @param uniform 48 bytes each, a big-endian number to be reduced.
 * @param room For 120 bytes a row.
 * @see RFC 9380, §5.2 (hash_to_field), §6.7.1 (map_to_curve_elligator2, Z = 2); the cofactor is not cleared.
 */
export function mapToCurve(uniform: usize, points: usize, count: i32, room: usize): void {
  for (let i: usize = 0; i < (count as usize); i++) {
    reduce(X1, uniform + i * 48);
    square(A, X1);
    add(A, A, A);
    multiplySmall(A, A, 1); // w = 2u²
    const at = room + i * (2 * ELEMENT);
    const numerator = at;
    const denominator = at + ELEMENT;
    set(B, 1);
    add(denominator, A, B);
    multiplySmall(denominator, denominator, 1); // d = 1 + w; never 0, for −1/2 is no square
    // Of x1 = −J/d the curve's right side is −J·(d² − J²·w)/d³, a square if that times d⁴ is one.
    multiplySmall(X2, A, J); // J·w
    multiplySmall(B, X2, J);
    square(C, denominator);
    subtract(C, C, B);
    multiply(C, C, denominator);
    multiplySmall(C, C, -J);
    const isFirst = isSquare(C, WORK);
    // x1 = −J/d, or else x2 = −x1 − J = −J·w/d.
    multiplySmall(X2, X2, -1);
    set(numerator, -J as i32);
    swapIf(1 - isFirst, numerator, X2);
  }
  writeQuotients(points, count, room);
}

/** out = 48 big-endian bytes modulo the prime: 2^255 = 19, 2^256 = 38. */
function reduce(out: usize, uniform: usize): void {
  for (let i: usize = 0; i < 48; i += 8) {
    store<u64>(WORK + i, bswap<u64>(load<u64>(uniform + 40 - i)));
  }
  memory.fill(WORK + 48, 0, 24);
  fromBytes(out, WORK);
  store<i32>(out, load<i32>(out) + 19 * ((load<u8>(WORK, 31) >> 7) as i32));
  fromBytes(A, WORK + 32);
  multiplySmall(A, A, 38);
  add(out, out, A);
  multiplySmall(out, out, 1);
}
