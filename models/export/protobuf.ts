/** Protocol Buffers, the writing half of what ONNX needs: varints, floats, bytes, texts, nested messages. Pure. */
import { assert } from "../../shared/base/assert.ts";
import { concatBytes, float32ToBytes, utf8 } from "../../shared/base/bytes.ts";

/** One encoded field; a message is its fields one after the other. */
export type Field = Uint8Array;

const VARINT = 0;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;

/** An int32, int64, enum or bool. @throws {InvariantError} If it is negative or not a safe integer. */
export function integer(number: number, value: number): Field {
  return concatBytes(tag(number, VARINT), varint(value));
}

/** A float. */
export function single(number: number, value: number): Field {
  return concatBytes(tag(number, FIXED_32), float32ToBytes(Float32Array.of(value)));
}

export function bytes(number: number, value: Uint8Array): Field {
  return concatBytes(tag(number, LENGTH_DELIMITED), varint(value.length), value);
}

export function text(number: number, value: string): Field {
  return bytes(number, utf8(value));
}

export function message(number: number, ...fields: readonly Field[]): Field {
  return bytes(number, concatBytes(...fields));
}

/** One field after the other, however many: beyond some ten thousand they are too many arguments. */
export function joined(fields: readonly Field[]): Field {
  const whole = new Uint8Array(fields.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const field of fields) {
    whole.set(field, at);
    at += field.length;
  }
  return whole;
}

/** A repeated int64 field, packed. */
export function integers(number: number, values: readonly number[]): Field {
  return bytes(number, joined(values.map(varint)));
}

function tag(number: number, wireType: number): Uint8Array {
  return varint(number * 8 + wireType);
}

/** Seven bits a byte, the lowest first. */
function varint(value: number): Uint8Array {
  assert(Number.isSafeInteger(value) && value >= 0, "not an unsigned integer");
  const groups: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = (rest - low) / 128;
    groups.push(rest > 0 ? low + 128 : low);
  } while (rest > 0);
  return Uint8Array.from(groups);
}
