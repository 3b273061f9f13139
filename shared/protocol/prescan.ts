/**
 * A structural check of msgpack bytes before anything is built from them: bounded depth and item
 * count, text keys without repeats, no extension types, exactly one value and nothing after it.
 * Iterative, allocates little, never throws on any input. Pure.
 */

const DEPTH_MAX = 8;
const ITEMS_MAX = 40_000;

/** One open container: how many items are left, and the keys seen if it is a map. */
interface Level {
  left: number;
  readonly keys: Set<string> | null;
  expectsKey: boolean;
}

interface Token {
  /** Bytes of header and, for scalars and text, of content. */
  readonly size: number;
  readonly kind: "scalar" | "text" | "array" | "map";
  /** Items of an array; pairs of a map; bytes of text. */
  readonly count: number;
}

/** True if `bytes` is one well-formed, bounded msgpack value of the subset that we speak. */
export function isWellFormed(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const levels: Level[] = [];
  let at = 0;
  let items = 0;
  do {
    const token = readToken(view, at);
    if (!token || at + token.size > bytes.length || ++items > ITEMS_MAX) return false;
    const level = levels.at(-1);
    if (level?.keys && level.expectsKey && !addKey(level.keys, token, buffer, at)) return false;
    at += token.size;
    if (level) consume(level);
    if (token.kind === "array" || token.kind === "map") {
      if (levels.length >= DEPTH_MAX || token.count > ITEMS_MAX) return false;
      const map = token.kind === "map";
      levels.push({
        left: map ? 2 * token.count : token.count,
        keys: map ? new Set() : null,
        expectsKey: true,
      });
    }
    while (levels.at(-1)?.left === 0) levels.pop();
  } while (levels.length > 0);
  return at === bytes.length;
}

function consume(level: Level): void {
  level.left -= 1;
  level.expectsKey = !level.expectsKey;
}

function addKey(keys: Set<string>, token: Token, bytes: Buffer, at: number): boolean {
  if (token.kind !== "text" || token.count > 100) return false;
  const end = at + token.size;
  const key = bytes.toString("latin1", end - token.count, end);
  if (keys.has(key) || key === "__proto__") return false;
  keys.add(key);
  return true;
}

function readToken(view: DataView, at: number): Token | null {
  if (at >= view.byteLength) return null;
  const lead = view.getUint8(at);
  if (lead <= 0x7f || lead >= 0xe0) return scalar(1);
  if (lead <= 0x8f) return { kind: "map", size: 1, count: lead & 0x0f };
  if (lead <= 0x9f) return { kind: "array", size: 1, count: lead & 0x0f };
  if (lead <= 0xbf) return text(1, lead & 0x1f);
  return readLong(view, at, lead);
}

function readLong(view: DataView, at: number, lead: number): Token | null {
  const sized = (width: 1 | 2 | 4): number | null => {
    if (at + 1 + width > view.byteLength) return null;
    if (width === 1) return view.getUint8(at + 1);
    return width === 2 ? view.getUint16(at + 1) : view.getUint32(at + 1);
  };
  const container = (kind: "array" | "map", width: 2 | 4): Token | null => {
    const count = sized(width);
    return count === null ? null : { kind, size: 1 + width, count };
  };
  const content = (kind: "text" | "scalar", width: 1 | 2 | 4): Token | null => {
    const count = sized(width);
    return count === null ? null : { kind, size: 1 + width + count, count };
  };
  switch (lead) {
    case 0xc0:
    case 0xc2:
    case 0xc3:
      return scalar(1);
    case 0xc4:
      return content("scalar", 1);
    case 0xc5:
      return content("scalar", 2);
    case 0xc6:
      return content("scalar", 4);
    case 0xca:
    case 0xce:
    case 0xd2:
      return scalar(5);
    case 0xcb:
    case 0xcf:
    case 0xd3:
      return scalar(9);
    case 0xcc:
    case 0xd0:
      return scalar(2);
    case 0xcd:
    case 0xd1:
      return scalar(3);
    case 0xd9:
      return content("text", 1);
    case 0xda:
      return content("text", 2);
    case 0xdb:
      return content("text", 4);
    case 0xdc:
      return container("array", 2);
    case 0xdd:
      return container("array", 4);
    case 0xde:
      return container("map", 2);
    case 0xdf:
      return container("map", 4);
    default:
      return null; // Extensions and the reserved 0xc1.
  }
}

const scalar = (size: number): Token => ({ kind: "scalar", size, count: 0 });
const text = (header: number, count: number): Token => ({
  kind: "text",
  size: header + count,
  count,
});
