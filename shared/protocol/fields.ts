/** Fields that several messages share. Pure. */
import { z } from "zod";

/** Exactly `length` raw bytes. */
export function rawBytes(length: number): z.ZodType<Uint8Array> {
  return z.custom<Uint8Array>(
    (value) => value instanceof Uint8Array && value.length === length,
    `expected ${length} bytes`,
  );
}

export function rawBytesUpTo(lengthMax: number): z.ZodType<Uint8Array> {
  return z.custom<Uint8Array>(
    (value) => value instanceof Uint8Array && value.length <= lengthMax,
    `expected at most ${lengthMax} bytes`,
  );
}
