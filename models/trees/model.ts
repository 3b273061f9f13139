/** A finished ensemble of trees. Pure types; `forest.ts` scores a row, `batch.ts` many. */
import type { TreesSpec } from "../../shared/charter/boost-spec.ts";
import type { DataSchema } from "../../shared/charter/schema.ts";
import type { Tree } from "./tree.ts";

export interface TreeModel {
  readonly schema: DataSchema;
  readonly spec: TreesSpec;
  /** Log-odds before any tree. */
  readonly base: number;
  /** Where bins end: shape [numberCount × (bins − 1)], in encoded values. */
  readonly edges: Float32Array;
  readonly trees: readonly Tree[];
}
