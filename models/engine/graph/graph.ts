/** A feed-forward topology over a schema: its nodes in order, and where each one's parameters are. Pure types. */
import type { Activation } from "../../../shared/charter/topology/activations.ts";
import type { Slice } from "../slices.ts";

/** One or more columns of an input's matrix. */
export type InputSource =
  /** A scaled number; 0 where unknown. */
  | { readonly kind: "number"; readonly column: number }
  /** 1 where the number is unknown, else 0. */
  | { readonly kind: "indicator"; readonly column: number }
  /** `rowCount` columns: 1 at the category's code, else 0. */
  | { readonly kind: "onehot"; readonly column: number; readonly rowCount: number };

/** Every node gives a matrix [rows × width]; `from` are indices of earlier nodes. */
export type GraphNode =
  | { readonly kind: "input"; readonly width: number; readonly sources: readonly InputSource[] }
  | {
      readonly kind: "embedding";
      readonly width: number;
      readonly column: number;
      readonly rowCount: number;
      readonly offset: number;
    }
  | DenseNode
  | { readonly kind: "concatenate"; readonly width: number; readonly from: readonly number[] }
  | { readonly kind: "add"; readonly width: number; readonly from: readonly number[] }
  | {
      readonly kind: "dropout";
      readonly width: number;
      readonly from: number;
      readonly rate: number;
    }
  | LayerNormNode
  | {
      readonly kind: "activation";
      readonly width: number;
      readonly from: number;
      readonly activation: Activation;
    };

export interface DenseNode {
  readonly kind: "dense";
  readonly width: number;
  readonly from: number;
  readonly inputWidth: number;
  /** Shape [inputWidth × width], row-major. */
  readonly kernelOffset: number;
  /** Null: no bias. */
  readonly biasOffset: number | null;
}

/** (x − mean) / √(variance + epsilon), times the gain, plus the bias, over the row. */
export interface LayerNormNode {
  readonly kind: "layerNorm";
  readonly width: number;
  readonly from: number;
  readonly epsilon: number;
  readonly gainOffset: number | null;
  readonly biasOffset: number | null;
}

export interface GraphArchitecture {
  readonly numberCount: number;
  readonly categoryCount: number;
  /** Number columns that have a "missing" indicator, in order. */
  readonly indicators: readonly number[];
  /** Declared categories + 1 of each category column. */
  readonly codeLimits: readonly number[];
  /** The last one gives the logit. */
  readonly nodes: readonly GraphNode[];
  readonly slices: readonly Slice[];
  readonly paramCount: number;
}

/** Earlier nodes that a node takes from. */
export function sourcesOf(node: GraphNode): readonly number[] {
  if (node.kind === "input" || node.kind === "embedding") return [];
  return typeof node.from === "number" ? [node.from] : node.from;
}
