/** JSON rows → scores, one at a time: encoding and net with buffers of their own, made once. Pure. */
import { sigmoid } from "../engine/loss.ts";
import { type FieldFault, recordEncoder } from "../features/record-encoder.ts";
import type { Explanation } from "./reasons.ts";
import type { Scorer } from "./scorer.ts";

/** What is asked of the last row that fitted. */
export interface RecordScorer {
  /** Takes a row in; what does not fit, empty where all does. */
  take(record: unknown): readonly FieldFault[];
  /** Probability of "positive", rounded to 32 bits as everywhere. */
  score(): number;
  explain(): Explanation;
  /** Adds 1 at every feature, in schema order, whose value was unknown or no declared category. */
  countUnknownInPlace(counts: Float64Array): void;
}

export function recordScorer({ schema, row: { logit }, explain }: Scorer): RecordScorer {
  const encoder = recordEncoder(schema);
  const numbers = new Float32Array(encoder.numberCount);
  const codes = new Uint16Array(encoder.categoryCount);
  const into = { numbers, numbersAt: 0, codes, codesAt: 0 };
  const isNumber = schema.features.map(({ type }) => type === "number");
  return {
    take: (record) => encoder.encode(record, into),
    score: () => Math.fround(sigmoid(Math.fround(logit(numbers, 0, codes, 0)))),
    explain: () => explain(numbers, 0, codes, 0),
    countUnknownInPlace(counts) {
      let [number, category] = [0, 0];
      for (let f = 0; f < isNumber.length; f++) {
        const unknown = isNumber[f] ? Number.isNaN(numbers[number++]) : codes[category++] === 0;
        if (unknown) counts[f] = (counts[f] ?? 0) + 1;
      }
    },
  };
}
