/** Members of uneven sizes for the tests of boosting, and all their rows in one place. Pure. */
import type { EncodedData, PartitionedData } from "../../models/data.ts";
import { schemaOf, tableOf } from "./fixtures.ts";

export const schema = schemaOf(["number", "missing", { onehot: 3 }, { embedding: 6 }, "number"]);
export const [numberCount, categoryCount] = [3, 2];

export function uneven(seed: string): PartitionedData[] {
  return [170, 12, 301, 64].map((rows, k) => ({
    train: tableOf(schema, rows, () => 1, `${seed} train ${k}`),
    holdout: tableOf(schema, 40, () => 1, `${seed} holdout ${k}`),
  }));
}

export function joined(parts: readonly EncodedData[]): EncodedData {
  const rowCount = parts.reduce((sum, part) => sum + part.rowCount, 0);
  return {
    rowCount,
    numbers: Float32Array.from(parts.flatMap(({ numbers }) => [...numbers])),
    codes: Uint16Array.from(parts.flatMap(({ codes }) => [...codes])),
    labels: Uint8Array.from(parts.flatMap(({ labels }) => [...labels])),
    unitStarts: Uint32Array.from({ length: rowCount + 1 }, (_, i) => i),
  };
}

export const EMPTY: EncodedData = joined([]);

/** One member has everybody's rows, the others none: the same roster, and so the same fixed point. */
export function pooled(members: readonly PartitionedData[]): PartitionedData[] {
  const all = {
    train: joined(members.map(({ train }) => train)),
    holdout: joined(members.map(({ holdout }) => holdout)),
  };
  return members.map((_, k) => (k === 0 ? all : { train: EMPTY, holdout: EMPTY }));
}
