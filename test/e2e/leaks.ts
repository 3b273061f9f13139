/**
 * Searches bytes for what must not be in them: cells of a table, alone and in sequences, in many encodings, and
 * contributions before noise and mask. Pure.
 */
import { utf8 } from "../../shared/base/bytes.ts";
import { encode } from "../../shared/protocol/codec.ts";
import { packRing, type RingBits } from "../../shared/secagg/ring.ts";

export interface Secret {
  readonly what: string;
  readonly bytes: Uint8Array;
}

/** A sequence of cells becomes the cells' bytes with something between them. */
interface Encoding {
  readonly name: string;
  /** Null where the cell has no such form. */
  readonly bytesOf: (cell: string) => Uint8Array | null;
  readonly between: Uint8Array;
}

/** Shorter than this, or of fewer different values, and bytes are there by chance or by format. */
const BYTES_MIN = 8;
const DISTINCT_MIN = 5;
/** A sequence of few values, such as labels, tells something once it is long and not nearly constant. */
const LONG_BYTES = 48;
const UNCOMMON_MIN = 6;
/** What says nothing up to here (a constant column) is given up. */
const BYTES_MAX = 512;

const NOTHING = new Uint8Array();

const scalarOf = (cell: string): string | number =>
  cell !== "" && Number.isFinite(Number(cell)) ? Number(cell) : cell;

/** As it stands in an array: what msgpack makes of `[value]`, without the array's own byte. */
const packed = (value: string | number): Uint8Array => encode([value]).subarray(1);

const textual = (name: string, form: (cell: string) => string, separator: string): Encoding => ({
  name,
  bytesOf: (cell) => utf8(form(cell)),
  between: utf8(separator),
});

function numeric(
  name: string,
  size: number,
  fits: (value: number) => boolean,
  set: (view: DataView, value: number) => void,
): Encoding {
  const bytesOf = (cell: string): Uint8Array | null => {
    const value = scalarOf(cell);
    if (typeof value === "string" || !fits(value)) return null;
    const view = new DataView(new ArrayBuffer(size));
    set(view, value);
    return new Uint8Array(view.buffer);
  };
  return { name, bytesOf, between: NOTHING };
}

const isInt = (bits: number) => (value: number) =>
  Number.isInteger(value) && value >= -(2 ** (bits - 1)) && value < 2 ** bits;

const binary = (little: boolean): Encoding[] => [
  numeric(`float32 ${little}`, 4, Number.isFinite, (view, x) => view.setFloat32(0, x, little)),
  numeric(`float64 ${little}`, 8, Number.isFinite, (view, x) => view.setFloat64(0, x, little)),
  numeric(`int16 ${little}`, 2, isInt(16), (view, x) => view.setInt16(0, x, little)),
  numeric(`int32 ${little}`, 4, isInt(32), (view, x) => view.setInt32(0, x, little)),
];

const ENCODINGS: readonly Encoding[] = [
  ...[",", ";", "\t", "|", " ", "\n", "\0", ""].map((separator) =>
    textual(`text joined by ${JSON.stringify(separator)}`, (cell) => cell, separator),
  ),
  textual("JSON", (cell) => JSON.stringify(cell), ","),
  textual("JSON with numbers", (cell) => JSON.stringify(scalarOf(cell)), ","),
  { name: "msgpack", bytesOf: packed, between: NOTHING },
  { name: "msgpack with numbers", bytesOf: (cell) => packed(scalarOf(cell)), between: NOTHING },
  ...binary(true),
  ...binary(false),
  numeric("int8", 1, isInt(8), (view, x) => view.setInt8(0, x)),
];
const FLOATS = ENCODINGS.filter(({ name }) => name.startsWith("float"));

/** From every place of a sequence the shortest piece that tells something, in every encoding. */
function sequenceSecrets(
  where: string,
  cells: readonly string[],
  encodings: readonly Encoding[] = ENCODINGS,
): Secret[] {
  return encodings.flatMap(({ name, bytesOf, between }) => {
    const parts = cells.map(bytesOf);
    return parts.flatMap((_, start) => {
      const bytes = shortestTelling(parts, start, between);
      return bytes ? [{ what: `${where}, cell ${start + 1}: ${name}`, bytes }] : [];
    });
  });
}

/**
 * Random masks hold 8 given bytes anywhere in 100 kB, for 30,000 secrets, once in 10^9 runs.
 *
 * @param parts The cells of a sequence; a piece ends at null.
 */
function shortestTelling(
  parts: readonly (Uint8Array | null)[],
  start: number,
  between: Uint8Array,
): Uint8Array | null {
  const bytes: number[] = [];
  const counts = new Map<number, number>();
  for (let i = start; i < parts.length && bytes.length < BYTES_MAX; i++) {
    const part = parts[i];
    if (!part) return null;
    for (const byte of i === start ? part : [...between, ...part]) {
      bytes.push(byte);
      counts.set(byte, (counts.get(byte) ?? 0) + 1);
    }
    const isVaried = bytes.length >= BYTES_MIN && counts.size >= DISTINCT_MIN;
    const uncommon = bytes.length - Math.max(...counts.values());
    if (isVaried || (bytes.length >= LONG_BYTES && uncommon >= UNCOMMON_MIN)) {
      return Uint8Array.from(bytes);
    }
  }
  return null;
}

/** Long cells by themselves; neighbouring cells of a row, numbers of a row, and cells of a column. */
export function cellSecrets(csv: string): Secret[] {
  const rows = csv.trim().split("\n");
  const [columns = [], ...records] = rows.map((line) => line.split(","));
  return [
    ...records.flatMap((cells, i) => sequenceSecrets(`row ${i + 1}`, cells)),
    ...records.flatMap((cells, i) => {
      const numbers = cells.filter((cell) => typeof scalarOf(cell) === "number");
      return sequenceSecrets(`numbers of row ${i + 1}`, numbers);
    }),
    ...columns.flatMap((name, column) => {
      const cells = records.map((record) => record[column] ?? "");
      return sequenceSecrets(`column ${name}`, cells);
    }),
  ];
}

/** Neighbouring values of a list in memory, such as encoded rows or an update, as floats. */
export function valueSecrets(what: string, values: ArrayLike<number>): Secret[] {
  return sequenceSecrets(what, Array.from(values, String), FLOATS);
}

/** Any four neighbouring non-zero elements as they would be packed. */
export function ringSecrets(what: string, ring: Uint32Array, bits: RingBits): Secret[] {
  const secrets: Secret[] = [];
  for (let i = 0; i + 4 <= ring.length; i++) {
    const four = ring.slice(i, i + 4);
    const bytes = packRing(four, bits);
    if (four.every((value) => value !== 0)) secrets.push({ what: `${what}, ring ${i}`, bytes });
  }
  return secrets;
}

/** @returns What was found, each once. One pass over the payloads, whatever the number of secrets. */
export function findLeaks(payloads: readonly Uint8Array[], secrets: readonly Secret[]): string[] {
  const all = Buffer.concat(payloads);
  const byStart = new Map<number, Secret[]>();
  for (const secret of secrets) {
    const start = Buffer.from(secret.bytes.subarray(0, 4)).readUInt32LE(0);
    const known = byStart.get(start);
    if (known) known.push(secret);
    else byStart.set(start, [secret]);
  }
  const found = new Set<string>();
  for (let at = 0; at + 4 <= all.length; at++) {
    for (const { what, bytes } of byStart.get(all.readUInt32LE(at)) ?? []) {
      if (all.subarray(at, at + bytes.length).equals(bytes)) found.add(what);
    }
  }
  return [...found];
}

/**
 * Are these bytes as evenly spread as masks make them? Pearson's statistic over 256 values, of 255 degrees
 * of freedom; eight standard deviations above its mean have a probability below 10^-9.
 */
export function looksUniform(bytes: Uint8Array): boolean {
  const counts = new Uint32Array(256);
  for (const byte of bytes) counts[byte] = (counts[byte] ?? 0) + 1;
  const expected = bytes.length / 256;
  const statistic = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  return statistic < 255 + 8 * Math.sqrt(2 * 255);
}
