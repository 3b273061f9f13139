/**
 * An ensemble laid out for single rows: all nodes in one array, splits compared with a row's own values, so that
 * nothing is binned first. The same bits as walking the bins. Pure.
 */

import { featureBins } from "./bins.ts";
import type { TreeModel } from "./model.ts";
import type { NumberSplit, Split } from "./tree.ts";

export interface Forest {
  readonly numberCount: number;
  readonly categoryCount: number;
  /** Log-odds of a row, given as to `RowScorer.logit`. */
  logit(numbers: Float32Array, numbersAt: number, codes: Uint16Array, codesAt: number): number;
  /**
   * The same, and what each feature added: along the row's path every split's feature is given the change of value
   * from the node to its child.
   *
   * @param parts One a feature, in schema order. Overwritten: together they are the log-odds less `start`.
   * @see Saabas, Interpreting random forests, 2014.
   */
  explain(
    parts: Float64Array,
    numbers: Float32Array,
    numbersAt: number,
    codes: Uint16Array,
    codesAt: number,
  ): number;
  /** `base` and the values of all roots. */
  readonly start: number;
}

/**
 * A node is five words: test, limit, left child, value, feature; the right child follows the left one. The test
 * is LEAF; or 2 · column + 1 where a missing number goes left, 2 · column where it goes right; or, for a category,
 * −2 − column. The limit is a float, or for a category where its set of bins begins. The value is a float.
 */
const NODE_WORDS = 5;
const LEAF = -1;
/** A set of bins: how many there are, and a bit for each. */
const SET_WORDS = 9;

interface Layout {
  readonly words: Int32Array;
  /** The same memory. */
  readonly floats: Float32Array;
  readonly sets: Uint32Array;
  /** Each tree's first word. */
  readonly roots: Int32Array;
}

export function forestOf(model: TreeModel): Forest {
  const layout = layOut(model);
  const { words, floats, roots } = layout;
  const { features } = model.schema;
  const numberCount = features.filter(({ type }) => type === "number").length;
  let start = model.base;
  for (const root of roots) start += floats[root + 3] ?? 0;
  return {
    start,
    numberCount,
    categoryCount: features.length - numberCount,
    logit(numbers, numbersAt, codes, codesAt) {
      let sum = model.base;
      for (let t = 0; t < roots.length; t++) {
        let at = roots[t] ?? 0;
        while (words[at] !== LEAF) at = childOf(layout, at, numbers, numbersAt, codes, codesAt);
        sum += floats[at + 3] ?? 0;
      }
      return sum;
    },
    explain(parts, numbers, numbersAt, codes, codesAt) {
      parts.fill(0);
      let sum = model.base;
      for (let t = 0; t < roots.length; t++) {
        let at = roots[t] ?? 0;
        while (words[at] !== LEAF) {
          const child = childOf(layout, at, numbers, numbersAt, codes, codesAt);
          const feature = words[at + 4] ?? 0;
          const gain = (floats[child + 3] ?? 0) - (floats[at + 3] ?? 0);
          parts[feature] = (parts[feature] ?? 0) + gain;
          at = child;
        }
        sum += floats[at + 3] ?? 0;
      }
      return sum;
    },
  };
}

/** The word at which the child begins that the row goes to. */
function childOf(
  { words, floats, sets }: Layout,
  at: number,
  numbers: Float32Array,
  numbersAt: number,
  codes: Uint16Array,
  codesAt: number,
): number {
  const test = words[at] ?? 0;
  const left = words[at + 2] ?? 0;
  if (test < 0) {
    const code = codes[codesAt - 2 - test] ?? 0;
    const set = words[at + 1] ?? 0;
    const bin = code < (sets[set] ?? 0) ? code : 0;
    const isListed = ((sets[set + 1 + (bin >> 5)] ?? 0) >>> (bin & 31)) & 1;
    return isListed === 1 ? left : left + NODE_WORDS;
  }
  const value = numbers[numbersAt + (test >> 1)] ?? Number.NaN;
  const limit = floats[at + 1] ?? 0;
  // A comparison with NaN, missing, is false.
  const isLeft = (test & 1) === 1 ? !(value > limit) : value <= limit;
  return isLeft ? left : left + NODE_WORDS;
}

function layOut(model: TreeModel): Layout {
  const { schema, spec, trees } = model;
  const bins = featureBins(schema, spec.bins);
  const nodeCount = trees.reduce((sum, tree) => sum + tree.length, 0);
  const words = new Int32Array(NODE_WORDS * nodeCount);
  const floats = new Float32Array(words.buffer);
  const sets: number[] = [];
  const roots = new Int32Array(trees.length);
  let root = 0;
  for (const [t, tree] of trees.entries()) {
    roots[t] = root;
    for (const [i, node] of tree.entries()) {
      const at = root + NODE_WORDS * i;
      floats[at + 3] = node.value;
      words[at] = LEAF;
      if (node.kind === "leaf") continue;
      const { column, valueCount } = bins[node.feature] ?? { column: 0, valueCount: 0 };
      words[at + 2] = root + NODE_WORDS * node.left;
      words[at + 4] = node.feature;
      if (node.kind === "number") {
        words[at] = 2 * column + (node.missingLeft ? 1 : 0);
        floats[at + 1] = limitOf(model, node, column);
      } else {
        words[at] = -2 - column;
        words[at + 1] = sets.length;
        sets.push(valueCount, ...bitsOf(node.bins));
      }
    }
    root += NODE_WORDS * tree.length;
  }
  return { words, floats, sets: Uint32Array.from(sets), roots };
}

/** The greatest encoded value that goes left; infinite where every known one does. */
export function limitOf({ edges, spec }: TreeModel, { bin }: NumberSplit, column: number): number {
  const steps = spec.bins - 1;
  return bin < steps ? (edges[column * steps + bin] ?? 0) : Number.POSITIVE_INFINITY;
}

function bitsOf(bins: Extract<Split, { kind: "category" }>["bins"]): Uint32Array {
  const bits = new Uint32Array(SET_WORDS - 1);
  for (const bin of bins) bits[bin >> 5] = (bits[bin >> 5] ?? 0) | (1 << (bin & 31));
  return bits;
}
