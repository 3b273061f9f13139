/**
 * The arithmetic kernel in WebAssembly with 128-bit SIMD: vectors pass through a scratch area in blocks that stay
 * in the processor's cache, or live in the memory of an instance of their own (`vector`). Pure.
 */
import { type RingBits, ringMask } from "../../base/ring-bits.ts";
import type { Kernel, SignedKeystreams } from "./contract.ts";
import { plainKernel } from "./plain.ts";
import {
  type AddBytes,
  BYTES_AT,
  compileModule,
  type Exports,
  HALVES_AT,
  LANES,
  MORE_BYTES_AT,
  openSpace,
  roundUp,
  SCRATCH_VALUES,
  type Space,
  VALUES_AT,
  wipe,
} from "./space.ts";

/** Of packed vectors: 64 KiB of either form at most. */
const PIECE_ELEMENTS = 16_384;
/** Below this a vector is copied anyway: it is in the cache, and a memory of its own costs more. */
const RESIDENT_MIN = 65_536;

/** Null where the machine or its runtime lacks SIMD, or is big-endian. */
export function wasmKernel(base64: string): Kernel | null {
  const module = compileModule(base64);
  if (!module) return null;
  const residents = new WeakMap<ArrayBufferLike, Space>();
  const scratch = openSpace(module, SCRATCH_VALUES);
  const addAnywhere: Kernel["addPacked"] = (sum, packed, bits, sign) => {
    const space = residents.get(sum.buffer);
    const inPlace = space ? sum.length - (sum.length % LANES) : 0;
    if (space) addResident(space, sum.subarray(0, inPlace), packed, bits, sign);
    const rest = packed.subarray((inPlace / 8) * bits);
    addPieces(scratch, sum.subarray(inPlace), rest, bits, sign);
  };
  return {
    vector(dimension) {
      if (dimension < RESIDENT_MIN) return new Uint32Array(dimension);
      const space = openSpace(module, dimension);
      residents.set(space.buffer, space);
      return space.values;
    },
    addKeystreams(sum, keystreams, bits) {
      addHere(scratch, sum, keystreams, bits);
      sum.set(scratch.values.subarray(0, sum.length));
    },
    packMasked(values, keystreams, packed, bits) {
      addHere(scratch, values, keystreams, bits);
      packHere(scratch, values.length, packed, bits);
    },
    pack: (values, packed, bits) => packPieces(scratch, values, packed, bits),
    unpack(packed, values, bits) {
      values.fill(0);
      addPieces(scratch, values, packed, bits, 1);
    },
    addPacked: addAnywhere,
    addVector(sum, values) {
      addAnywhere(sum, new Uint8Array(values.buffer, values.byteOffset, values.byteLength), 32, 1);
    },
    reduce: (values, bits) => reducePieces(scratch, values, bits),
    hadamard: (values) => hadamard(scratch, values),
    wipe: (count) => wipe(scratch, roundUp(count)),
  };
}

/** The sum of `values` and keystreams in the scratch area, reduced. */
function addHere(
  space: Space,
  values: Uint32Array,
  keystreams: SignedKeystreams,
  bits: RingBits,
): void {
  space.values.set(values);
  if (bits === 16) addToHalves(space, roundUp(values.length), keystreams);
  else addToWords(space, roundUp(values.length), keystreams, bits);
}

/** x + Σ added − Σ subtracted = Σ added − (Σ subtracted − x): signs cost two passes, whatever the number of masks. */
function addToWords(
  space: Space,
  count: number,
  { added, subtracted }: SignedKeystreams,
  bits: RingBits,
): void {
  const { exports } = space;
  const add = bits === 32 ? exports.addKeystreams4 : exports.addKeystreams3;
  exports.negate32(VALUES_AT, count);
  addPairs(space, subtracted, (first, second) => add(VALUES_AT, first, second, count));
  exports.negate32(VALUES_AT, count);
  addPairs(space, added, (first, second) => add(VALUES_AT, first, second, count));
  exports.reduce(VALUES_AT, count, ringMask(bits));
}

/** For 16 bits, lanes of 16 bits: half as much to load and store for each mask. */
function addToHalves(space: Space, count: number, { added, subtracted }: SignedKeystreams): void {
  const { exports, values } = space;
  const add = (first: number, second: number): void =>
    exports.addKeystreams2(HALVES_AT, first, second, count);
  exports.pack16(VALUES_AT, HALVES_AT, count);
  exports.negate16(HALVES_AT, count);
  addPairs(space, subtracted, add);
  exports.negate16(HALVES_AT, count);
  addPairs(space, added, add);
  values.fill(0, 0, count);
  exports.addPacked16(VALUES_AT, HALVES_AT, count, 1);
}

/** Two keystreams at a time; zeros beside an odd last one. */
function addPairs(
  { bytes, moreBytes }: Space,
  keystreams: Iterable<Uint8Array>,
  add: (first: number, second: number) => void,
): void {
  let waiting = 0;
  for (const keystream of keystreams) {
    if (waiting === 0) {
      bytes.set(keystream);
      waiting = keystream.length;
    } else {
      moreBytes.set(keystream);
      waiting = 0;
      add(BYTES_AT, MORE_BYTES_AT);
    }
  }
  if (waiting > 0) {
    moreBytes.fill(0, 0, waiting);
    add(BYTES_AT, MORE_BYTES_AT);
  }
}

function adderOfPacked(exports: Exports, bits: RingBits): AddBytes {
  if (bits === 16) return exports.addPacked16;
  if (bits === 18) return exports.addPacked18;
  if (bits === 20) return exports.addPacked20;
  return bits === 24 ? exports.addPacked24 : exports.addPacked32;
}

/** Calls `use` for each piece of a vector: its first element, element count, and its bytes when packed. */
function forEachPiece(
  length: number,
  bits: RingBits,
  use: (first: number, count: number, from: number, to: number) => void,
): void {
  for (let first = 0; first < length; first += PIECE_ELEMENTS) {
    const count = Math.min(PIECE_ELEMENTS, length - first);
    use(first, count, (first / 8) * bits, Math.ceil(((first + count) / 8) * bits));
  }
}

function addPieces(
  space: Space,
  sum: Uint32Array,
  packed: Uint8Array,
  bits: RingBits,
  sign: 1 | -1,
): void {
  const add = adderOfPacked(space.exports, bits);
  forEachPiece(sum.length, bits, (first, count, from, to) => {
    const piece = sum.subarray(first, first + count);
    space.values.set(piece);
    space.bytes.set(packed.subarray(from, to));
    add(VALUES_AT, BYTES_AT, roundUp(count), sign);
    piece.set(space.values.subarray(0, count));
  });
  wipe(space, roundUp(Math.min(sum.length, PIECE_ELEMENTS)));
}

/** @param sum In the space's memory; a whole number of lanes. */
function addResident(
  space: Space,
  sum: Uint32Array,
  packed: Uint8Array,
  bits: RingBits,
  sign: 1 | -1,
): void {
  const add = adderOfPacked(space.exports, bits);
  forEachPiece(sum.length, bits, (first, count, from, to) => {
    space.bytes.set(packed.subarray(from, to));
    add(sum.byteOffset + 4 * first, BYTES_AT, count, sign);
  });
}

function packPieces(space: Space, values: Uint32Array, packed: Uint8Array, bits: RingBits): void {
  if (bits === 32) {
    packed.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    return;
  }
  forEachPiece(values.length, bits, (first, count, from, to) => {
    space.values.set(values.subarray(first, first + count));
    packHere(space, count, packed.subarray(from, to), bits);
  });
  wipe(space, roundUp(Math.min(values.length, PIECE_ELEMENTS)));
}

/** The first `count` values of the scratch area, packed; as many as fit the room for bytes. */
function packHere(space: Space, count: number, packed: Uint8Array, bits: RingBits): void {
  if (bits === 32) {
    packed.set(new Uint8Array(space.buffer, VALUES_AT, packed.length));
    return;
  }
  const pack = { 16: "pack16", 18: "pack18", 20: "pack20", 24: "pack24" } as const;
  space.values.fill(0, count, roundUp(count));
  space.exports[pack[bits]](VALUES_AT, BYTES_AT, roundUp(count));
  packed.set(space.bytes.subarray(0, packed.length));
}

function reducePieces(space: Space, values: Uint32Array, bits: RingBits): void {
  forEachPiece(values.length, bits, (first, count) => {
    const piece = values.subarray(first, first + count);
    space.values.set(piece);
    space.exports.reduce(VALUES_AT, roundUp(count), ringMask(bits));
    piece.set(space.values.subarray(0, count));
  });
  wipe(space, roundUp(Math.min(values.length, PIECE_ELEMENTS)));
}

/** Strides within a block first, then across blocks, a strip of columns at a time. */
function hadamard({ exports, buffer }: Space, values: Float32Array | Float64Array): void {
  const { length } = values;
  if (length < 64) return plainKernel.hadamard(values);
  const isSingle = values instanceof Float32Array;
  const transform = isSingle ? exports.hadamard32 : exports.hadamard64;
  const block = Math.min(length, isSingle ? SCRATCH_VALUES : SCRATCH_VALUES / 2);
  const scratch = isSingle
    ? new Float32Array(buffer, VALUES_AT, block)
    : new Float64Array(buffer, VALUES_AT, block);
  const factor = 1 / Math.sqrt(length);
  for (let at = 0; at < length; at += block) {
    scratch.set(values.subarray(at, at + block));
    transform(VALUES_AT, block, 1, length === block ? factor : 1);
    values.set(scratch, at);
  }
  const rows = length / block;
  const columns = block / rows;
  for (let column = 0; rows > 1 && column < block; column += columns) {
    for (let row = 0; row < rows; row++) {
      const at = row * block + column;
      scratch.set(values.subarray(at, at + columns), row * columns);
    }
    transform(VALUES_AT, block, columns, factor);
    for (let row = 0; row < rows; row++) {
      const strip = scratch.subarray(row * columns, (row + 1) * columns);
      values.set(strip, row * block + column);
    }
  }
  scratch.fill(0);
}
