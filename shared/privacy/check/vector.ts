/**
 * Test vectors of privacy accounting: inputs, and what an independent source makes of them. Pure.
 * The format is `dp_vectors.json`'s; docs/command-line.md describes it.
 */
import { z } from "zod";
import { badInput } from "../../base/errors.ts";
import { faultOf } from "../../base/fault.ts";

export const Vector = z.looseObject({
  id: z.string().min(1),
  /** What is to be computed; see `kinds.ts`. */
  kind: z.string().min(1),
  inputs: z.record(z.string(), z.unknown()),
  /** By name. Names that are not computed here are context, and reported as such. */
  expected: z.record(z.string(), z.unknown()),
  tolerance: z.record(z.string(), z.number()),
});
export type Vector = z.infer<typeof Vector>;

const VectorFile = z.looseObject({ vectors: z.array(Vector).min(1) });

/**
 * @param path For the error.
 * @throws {CloisterError} `privacy.vectors-invalid` Names the first offending place.
 */
export function parseVectors(text: string, path: string): Vector[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw badInput(
      "privacy.vectors-invalid",
      `${path}: not JSON (${oneLine(cause)}); numbers that JSON does not have are written "inf", "-inf" or "nan"`,
      cause,
    );
  }
  const parsed = VectorFile.safeParse(value);
  if (!parsed.success) throw invalid(path, value, parsed.error);
  const seen = new Set<string>();
  for (const { id } of parsed.data.vectors) {
    if (seen.has(id))
      throw badInput(
        "privacy.vectors-invalid",
        `${path}: two vectors have the id ${id}; rename one`,
      );
    seen.add(id);
  }
  return parsed.data.vectors;
}

function invalid(path: string, value: unknown, error: z.ZodError): Error {
  const { path: place, reason } = faultOf(error, value);
  const [list, index] = place.split(".");
  const id = list === "vectors" && index !== undefined ? idOf(value, Number(index)) : null;
  return badInput(
    "privacy.vectors-invalid",
    `${path}: ${place === "" ? "the file" : place}${id === null ? "" : ` (${id})`}: ${reason}; ` +
      'expected {"vectors": [{"id", "kind", "inputs", "expected", "tolerance"}, …]}',
  );
}

function idOf(value: unknown, index: number): string | null {
  const ids = z.object({ vectors: z.array(z.unknown()) }).safeParse(value);
  const named = z.object({ id: z.string() }).safeParse(ids.data?.vectors[index]);
  return named.data?.id ?? null;
}

function oneLine(cause: unknown): string {
  return cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : "unreadable";
}
