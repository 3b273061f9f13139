/**
 * The value that msgpack bytes stand for, read in one pass and strictly: bounded depth and item count, text keys
 * without repeats, well-formed UTF-8, no extension types and no integers of 64 bits, exactly one value and nothing after
 * it. Whatever is announced is held against what is there before anything is made for it. Never throws. Pure.
 *
 * @see The msgpack specification, github.com/msgpack/msgpack/blob/master/spec.md.
 */

const DEPTH_MAX = 8;
const ITEMS_MAX = 40_000;
const KEY_BYTES_MAX = 100;

/** Bytes, and how far they are read. Whoever finds them at fault makes `at` `BROKEN`: it is looked at once a value. */
interface Reader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;
  items: number;
}

/** Beyond every end: nothing can be read any more. */
const BROKEN = Number.POSITIVE_INFINITY;

/** @returns The value; undefined, which no bytes stand for, if they are not one that we speak. Bytes in it are views. */
export function readValue(bytes: Uint8Array): unknown {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const reader: Reader = { bytes, view, at: 0, items: 0 };
  const value = readNext(reader, 0);
  return reader.at === bytes.length ? value : undefined;
}

function broken(reader: Reader): undefined {
  reader.at = BROKEN;
  return undefined;
}

/** @param depth Of the containers around it. */
function readNext(reader: Reader, depth: number): unknown {
  const { bytes, at } = reader;
  if (at >= bytes.length || ++reader.items > ITEMS_MAX) return broken(reader);
  const lead = bytes[at] ?? 0;
  reader.at = at + 1;
  if (lead <= 0x7f) return lead;
  if (lead >= 0xe0) return lead - 0x100;
  if (lead <= 0x8f) return readMap(reader, lead & 0x0f, depth);
  if (lead <= 0x9f) return readArray(reader, lead & 0x0f, depth);
  if (lead <= 0xbf) return readText(reader, lead & 0x1f);
  return readLong(reader, lead, depth);
}

function readLong(reader: Reader, lead: number, depth: number): unknown {
  switch (lead) {
    case 0xc0:
      return null;
    case 0xc2:
      return false;
    case 0xc3:
      return true;
    case 0xc4:
    case 0xc5:
    case 0xc6:
      return readBytes(reader, readUnsigned(reader, 1 << (lead - 0xc4)));
    case 0xca:
    case 0xcb:
      return readFloat(reader, lead === 0xca ? 4 : 8);
    case 0xcc:
    case 0xcd:
    case 0xce:
      return readUnsigned(reader, 1 << (lead - 0xcc));
    case 0xd0:
    case 0xd1:
    case 0xd2:
      return readSigned(reader, 1 << (lead - 0xd0));
    case 0xd9:
    case 0xda:
    case 0xdb:
      return readText(reader, readUnsigned(reader, 1 << (lead - 0xd9)));
    case 0xdc:
    case 0xdd:
      return readArray(reader, readUnsigned(reader, lead === 0xdc ? 2 : 4), depth);
    case 0xde:
    case 0xdf:
      return readMap(reader, readUnsigned(reader, lead === 0xde ? 2 : 4), depth);
    default:
      return broken(reader); // Extensions, integers of 64 bits and the reserved 0xc1.
  }
}

/** The place of the next `count` bytes, which are passed over; `BROKEN` where there are not so many. */
function take(reader: Reader, count: number): number {
  const from = reader.at;
  reader.at = from + count;
  if (reader.at <= reader.bytes.length) return from;
  reader.at = BROKEN;
  return BROKEN;
}

/** Big-endian; 0 of a reader that is broken. @param width 1, 2 or 4 bytes. */
function readUnsigned(reader: Reader, width: number): number {
  const from = take(reader, width);
  if (from === BROKEN) return 0;
  if (width === 1) return reader.view.getUint8(from);
  return width === 2 ? reader.view.getUint16(from) : reader.view.getUint32(from);
}

function readSigned(reader: Reader, width: number): number {
  const from = take(reader, width);
  if (from === BROKEN) return 0;
  if (width === 1) return reader.view.getInt8(from);
  return width === 2 ? reader.view.getInt16(from) : reader.view.getInt32(from);
}

function readFloat(reader: Reader, width: 4 | 8): number {
  const from = take(reader, width);
  if (from === BROKEN) return 0;
  return width === 4 ? reader.view.getFloat32(from) : reader.view.getFloat64(from);
}

function readBytes(reader: Reader, count: number): Uint8Array | undefined {
  const from = take(reader, count);
  const { buffer, byteOffset } = reader.bytes;
  return from === BROKEN ? undefined : new Uint8Array(buffer, byteOffset + from, count);
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function readText(reader: Reader, count: number): string | undefined {
  const from = take(reader, count);
  if (from === BROKEN) return undefined;
  const { bytes } = reader;
  if (isAscii(bytes, from, reader.at)) return asciiOf(bytes, from, reader.at);
  try {
    return UTF8.decode(bytes.subarray(from, reader.at));
  } catch {
    return broken(reader);
  }
}

function isAscii(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if ((bytes[i] ?? 0) > 0x7f) return false;
  return true;
}

function asciiOf({ buffer, byteOffset }: Uint8Array, from: number, to: number): string {
  return Buffer.from(buffer, byteOffset + from, to - from).toString("latin1");
}

function readArray(reader: Reader, count: number, depth: number): unknown[] | undefined {
  if (depth >= DEPTH_MAX || count > ITEMS_MAX) return broken(reader);
  const items: unknown[] = [];
  for (let i = 0; i < count && reader.at !== BROKEN; i++) items.push(readNext(reader, depth + 1));
  return items;
}

function readMap(
  reader: Reader,
  count: number,
  depth: number,
): Record<string, unknown> | undefined {
  if (depth >= DEPTH_MAX || count > ITEMS_MAX) return broken(reader);
  const map: Record<string, unknown> = {};
  for (let i = 0; i < count; i++) {
    const key = readKey(reader);
    if (key === undefined || Object.hasOwn(map, key) || key === "__proto__") return broken(reader);
    map[key] = readNext(reader, depth + 1);
    if (reader.at === BROKEN) return undefined;
  }
  return map;
}

/** A pure cache of keys, by a hash of their bytes: the same few come again and again. */
const KEYS: string[] = new Array(512).fill("");

function readKey(reader: Reader): string | undefined {
  const { bytes } = reader;
  const lead = bytes[reader.at] ?? 0xc1;
  if (++reader.items > ITEMS_MAX) return undefined;
  reader.at += 1;
  const isShort = lead >= 0xa0 && lead <= 0xbf;
  if (!isShort && lead !== 0xd9) return undefined;
  const count = isShort ? lead & 0x1f : readUnsigned(reader, 1);
  if (count > KEY_BYTES_MAX) return undefined;
  const from = take(reader, count);
  if (from === BROKEN) return undefined;
  let hash = count;
  for (let i = from; i < reader.at; i++) hash = (Math.imul(hash, 31) + (bytes[i] ?? 0)) | 0;
  const known = KEYS[hash & 511] ?? "";
  if (isText(known, bytes, from, reader.at)) return known;
  if (!isAscii(bytes, from, reader.at)) return undefined; // No key of ours is anything else.
  const key = asciiOf(bytes, from, reader.at);
  KEYS[hash & 511] = key;
  return key;
}

function isText(text: string, bytes: Uint8Array, from: number, to: number): boolean {
  if (text.length !== to - from) return false;
  for (let i = from; i < to; i++) if (text.charCodeAt(i - from) !== bytes[i]) return false;
  return true;
}
