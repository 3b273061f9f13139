/** Fields that several messages share. Pure. */
import { z } from "zod";

/** Raw bytes of exactly one of these lengths. */
export function rawBytes(...lengths: readonly number[]): z.ZodType<Uint8Array> {
  return z.custom<Uint8Array>(
    (value) => value instanceof Uint8Array && lengths.includes(value.length),
    `expected ${lengths.join(" or ")} bytes`,
  );
}

export function rawBytesUpTo(lengthMax: number): z.ZodType<Uint8Array> {
  return z.custom<Uint8Array>(
    (value) => value instanceof Uint8Array && value.length <= lengthMax,
    `expected at most ${lengthMax} bytes`,
  );
}
