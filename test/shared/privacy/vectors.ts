/** The published half of the reference vectors: beside the repository, or absent. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";

/** Where the file is, if it is. */
export const VECTORS_PATH = fileURLToPath(
  new URL("../../../../shared/vectors/dp_vectors.json", import.meta.url),
);

/** Why a test of vectors was skipped, for its name. */
export const vectorsMissing = !existsSync(VECTORS_PATH);

const File = z.object({
  vectors: z.array(
    z.object({
      id: z.string(),
      kind: z.string(),
      inputs: z.record(z.string(), z.unknown()),
      expected: z.record(z.string(), z.unknown()),
      tolerance: z.record(z.string(), z.number()),
    }),
  ),
});

/** All vectors of one kind, checked to have these inputs and these expected values. */
export function vectorsOf<Inputs, Expected>(
  kind: string,
  inputs: z.ZodType<Inputs>,
  expected: z.ZodType<Expected>,
): { id: string; inputs: Inputs; expected: Expected; tolerance: Record<string, number> }[] {
  if (vectorsMissing) return [];
  const { vectors } = File.parse(JSON.parse(readFileSync(VECTORS_PATH, "utf8")));
  const found = vectors
    .filter((vector) => vector.kind === kind)
    .map((vector) => ({
      id: vector.id,
      inputs: inputs.parse(vector.inputs),
      expected: expected.parse(vector.expected),
      tolerance: vector.tolerance,
    }));
  if (found.length === 0) throw new Error(`no vectors of kind ${kind}`);
  return found;
}

/** |actual − expected| relative to |expected|. */
export function relativeError(actual: number, expected: number): number {
  return actual === expected ? 0 : Math.abs(actual - expected) / Math.abs(expected);
}
