/** A trained model: everything needed to score a row, and nothing about the rows it learned from. Pure types. */

import type { ModelSpec } from "../shared/charter/model-spec.ts";
import type { DataSchema } from "../shared/charter/schema.ts";

export interface Model {
  readonly schema: DataSchema;
  readonly spec: ModelSpec;
  /** All centres, then all inverse scales, of the encoded numbers. Shape [2 × numberCount]. */
  readonly scaling: Float32Array;
  /** Laid out as `architectureOf(schema, spec).slices` says. Shape [paramCount]. */
  readonly params: Float32Array;
  /** What prior correction added to the output's bias, for the record: `params` have it already. Left out: nothing. */
  readonly logitShift?: number;
}
