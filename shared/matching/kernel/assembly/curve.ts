/**
 * Points of Curve25519, v² = u³ + 486662·u² + u, by their u-coordinate alone: 32 little-endian bytes each, in rows, two
 * of which are computed at a time. No branch and no address depends on a secret. AssemblyScript, not TypeScript; pure.
 */
import {
  add,
  areSquares,
  copy,
  ELEMENT,
  fromBytes,
  invert,
  set,
  setLane,
  subtract,
  swapIf,
  toBytes,
} from "./field.ts";
import { multiply, multiplySmall } from "./product.ts";
import { square } from "./square.ts";

const POINT: usize = 32;
/** J of the curve's equation. */
const J: f64 = 486_662;
/** (J − 2)/4. */
const LADDER_FACTOR: f64 = 121_665;

/** Elements for passing use lie at the bottom of the memory, 4 KiB of it; callers keep their own beyond. */
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
const BYTES: usize = WORK + 5 * ELEMENT;

/** Two rows as a pair of elements; where there is only one, twice that. */
function readRows(out: usize, rows: usize, count: i32): void {
  fromBytes(out, 0, rows);
  fromBytes(out, 1, count > 1 ? rows + POINT : rows);
}

/** The reverse, by way of bytes of their own: what is written too far is not the next row's. */
function writeRows(rows: usize, f: usize, count: i32): void {
  for (let lane = 0; lane < min(count, 2); lane++) {
    toBytes(BYTES, f, lane);
    memory.copy(rows + (lane as usize) * POINT, BYTES, POINT);
  }
}

/**
 * Whether each of `count` rows is a point as honest members send them: the one way to write its coordinate, not 0, and
 * on the curve itself, not its twist.
 *
 * @returns The first row that is not, or −1.
 */
export function findBadPoint(points: usize, count: i32): i32 {
  for (let i = 0; i < count; i += 2, points += 2 * POINT) {
    readRows(X1, points, count - i);
    square(A, X1);
    multiplySmall(B, X1, J);
    add(A, A, B);
    set(B, 1);
    add(A, A, B);
    multiply(A, A, X1);
    const onCurve = areSquares(A, WORK);
    for (let lane = 0; lane < min(count - i, 2); lane++) {
      const isOn = ((onCurve >> lane) & 1) == 1;
      if (!isOn || !isCanonical(points + (lane as usize) * POINT, lane)) return i + lane;
    }
  }
  return -1;
}

/** Whether a row is not 0, and what its number, in X1, is written as. */
function isCanonical(row: usize, lane: i32): bool {
  toBytes(BYTES, X1, lane);
  let other: u64 = 0;
  let any: u64 = 0;
  for (let j: usize = 0; j < POINT; j += 8) {
    const word = load<u64>(row + j);
    any |= word;
    other |= word ^ load<u64>(BYTES + j);
  }
  return any != 0 && other == 0;
}

/**
 * Replaces each of `count` rows by scalar times it, X25519 without clamping.
 *
 * @param scalar 32 bytes, clamped.
 * @param room For 576 bytes a pair of rows.
 * @returns The first row that became 0, being of low order, or −1.
 * @see RFC 7748, §5.
 */
export function multiplyPoints(points: usize, count: i32, scalar: usize, room: usize): i32 {
  let zero = -1;
  for (let i = 0; i < count; i += 2) {
    readRows(X1, points + (i as usize) * POINT, count - i);
    ladder(scalar);
    for (let lane = 0; lane < 2; lane++) {
      if (!isZero(lane)) continue;
      if (zero < 0 && i + lane < count) zero = i + lane;
      setLane(X2, lane, 0);
      setLane(Z2, lane, 1);
    }
    const at = room + (i as usize) * ELEMENT;
    copy(at, X2);
    copy(at + ELEMENT, Z2);
  }
  writeQuotients(points, count, room);
  return zero;
}

/** Whether one lane of Z2 is 0. */
function isZero(lane: i32): bool {
  toBytes(BYTES, Z2, lane);
  let any: u64 = 0;
  for (let j: usize = 0; j < POINT; j += 8) any |= load<u64>(BYTES + j);
  return any == 0;
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
    const changes = swap ^ bit;
    swapIf(changes, changes, X2, X3);
    swapIf(changes, changes, Z2, Z3);
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
  swapIf(swap, swap, X2, X3);
  swapIf(swap, swap, Z2, Z3);
}

/**
 * Rows from pairs of numerators and denominators in `room`, one inversion for all of them.
 *
 * @param room 384 bytes a pair of rows, and 192 more behind all of them. No denominator is 0.
 * @see Montgomery, Speeding the Pollard and elliptic curve methods of factorization, 1987, §10.3.1.
 */
function writeQuotients(points: usize, count: i32, room: usize): void {
  const pairs = (count + 1) >> 1;
  const products = room + (pairs as usize) * (2 * ELEMENT);
  set(A, 1);
  for (let i: usize = 0; i < (pairs as usize); i++) {
    copy(products + i * ELEMENT, A);
    multiply(A, A, room + i * (2 * ELEMENT) + ELEMENT);
  }
  invert(B, A, WORK);
  for (let i = pairs - 1; i >= 0; i--) {
    const at = room + (i as usize) * (2 * ELEMENT);
    multiply(C, B, products + (i as usize) * ELEMENT);
    multiply(B, B, at + ELEMENT);
    multiply(C, C, at);
    writeRows(points + (i as usize) * (2 * POINT), C, count - 2 * i);
  }
}

/**
 * Writes a row for each of `count` uniform strings: Elligator 2, the u-coordinate alone.
 *
 * @param uniform 48 bytes each, a big-endian number to be reduced.
 * @param room For 576 bytes a pair of rows.
 * @see RFC 9380, §5.2 (hash_to_field), §6.7.1 (map_to_curve_elligator2, Z = 2); the cofactor is not cleared.
 */
export function mapToCurve(uniform: usize, points: usize, count: i32, room: usize): void {
  for (let i = 0; i < count; i += 2) {
    reduce(uniform + (i as usize) * 48, count - i);
    square(A, X1);
    add(A, A, A);
    multiplySmall(A, A, 1); // w = 2u²
    const numerator = room + (i as usize) * ELEMENT;
    const denominator = numerator + ELEMENT;
    set(B, 1);
    add(B, A, B);
    multiplySmall(denominator, B, 1); // d = 1 + w; never 0, for −1/2 is no square
    // Of x1 = −J/d the curve's right side is −J·(d² − J²·w)/d³, a square if that times d⁴ is one.
    multiplySmall(X2, A, J); // J·w
    multiplySmall(B, X2, J);
    square(C, denominator);
    subtract(C, C, B);
    multiply(C, C, denominator);
    multiplySmall(C, C, -J);
    const firsts = areSquares(C, WORK);
    // x1 = −J/d, or else x2 = −x1 − J = −J·w/d.
    multiplySmall(X2, X2, -1);
    set(numerator, -J);
    swapIf(1 - (firsts & 1), 1 - (firsts >> 1), numerator, X2);
  }
  writeQuotients(points, count, room);
}

/** X1 = two numbers of 48 big-endian bytes modulo the prime: 2^255 = 19, 2^256 = 38. */
function reduce(uniform: usize, count: i32): void {
  for (let lane = 0; lane < 2; lane++) {
    const from = uniform + (min(lane, count - 1) as usize) * 48;
    for (let i: usize = 0; i < 48; i += 8) {
      store<u64>(BYTES + i, bswap<u64>(load<u64>(from + 40 - i)));
    }
    memory.fill(BYTES + 48, 0, 32);
    fromBytes(X1, lane, BYTES);
    fromBytes(A, lane, BYTES + 32);
    setLane(B, lane, 19 * ((load<u8>(BYTES, 31) >> 7) as f64));
  }
  multiplySmall(A, A, 38);
  add(X1, X1, B);
  add(X1, X1, A);
  multiplySmall(X1, X1, 1);
}
