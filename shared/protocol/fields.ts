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

export const Signature = rawBytes(64);
/** SHA-256 of the manifest, hexadecimal. */
export const RunId = z.string().regex(/^[0-9a-f]{64}$/);
export const Count = z.int().min(0).max(0xffff_ffff);
