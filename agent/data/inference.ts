/**
 * EDGE: proposes a schema from one file that whoever runs this may see. Nothing of it is sent
 * anywhere.
 */

import {
  type Inference,
  type InferOptions,
  type SchemaInference,
  schemaInference,
} from "../../models/features/infer.ts";
import { assert } from "../../shared/base/assert.ts";
import { readCsv } from "./csv.ts";

/**
 * Reads a table and proposes a feature schema for it: see `models/features/infer.ts` on what such a
 * proposal gives away.
 *
 * @throws {CloisterError} What `readCsv` and `schemaInference` throw.
 */
export async function inferSchema(
  path: string,
  options: Omit<InferOptions, "table">,
): Promise<Inference> {
  const state: { inference: SchemaInference | null } = { inference: null };
  await readCsv(path, {
    onHeader: (columns) => {
      state.inference = schemaInference(columns, { ...options, table: path });
    },
    onRow: (cells) => state.inference?.add(cells),
  });
  assert(state.inference !== null, "a table was read without a header");
  return state.inference.finish();
}
