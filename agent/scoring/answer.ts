/** What a scoring server answers to a body: a status, and JSON. Pure. Answers name rows and fields, never a value. */
import type { FieldFault } from "../../models/features/record-encoder.ts";
import { largestReasons, type Reason } from "../../models/scoring/reasons.ts";
import { recordScorer } from "../../models/scoring/record-scorer.ts";
import type { Scorer } from "../../models/scoring/scorer.ts";

export interface Answer {
  readonly status: 200 | 400 | 413 | 422 | 500;
  readonly body: object;
  readonly rowsScored: number;
}

export interface ScoringService {
  /** @param reasonCount Null: no reasons. */
  answer(text: string, reasonCount: number | null): Answer;
  /** Scored rows whose value of a feature was unknown or no declared category. In schema order. */
  readonly unknown: Float64Array;
}

export interface ServiceOptions {
  /** Rows in one request. */
  readonly rowsMax: number;
  /** Told of each score as it is given. */
  readonly onScore: (score: number) => void;
}

interface RowFault extends FieldFault {
  /** Counts from 0. */
  readonly row: number;
}

/** Reasons take some twenty times as long as scores, of tanh nets far longer, and other requests wait meanwhile. */
const REASON_ROWS_MAX = 100;
/** More faults than this are counted, not listed. */
const FAULTS_LISTED = 100;

export function scoringService(
  scorer: Scorer,
  { rowsMax, onScore }: ServiceOptions,
): ScoringService {
  const encoded = recordScorer(scorer);
  const unknown = new Float64Array(scorer.schema.features.length);
  const scored = (reasonCount: number | null): { score: number; reasons?: Reason[] } => {
    const score = encoded.score();
    encoded.countUnknownInPlace(unknown);
    onScore(score);
    if (reasonCount === null) return { score };
    return { score, reasons: largestReasons(encoded.explain().reasons, reasonCount) };
  };
  const single = (record: unknown, reasonCount: number | null): Answer => {
    const faults = encoded.take(record);
    if (faults.length > 0) return unfit(faults.length, faults);
    return { status: 200, body: scored(reasonCount), rowsScored: 1 };
  };
  /** All rows or none: the first pass finds what does not fit. */
  const batch = (records: readonly unknown[], reasonCount: number | null): Answer => {
    const listed: RowFault[] = [];
    let count = 0;
    for (const [row, record] of records.entries()) {
      for (const fault of encoded.take(record)) {
        if (count < FAULTS_LISTED) listed.push({ row, ...fault });
        count += 1;
      }
    }
    if (count > 0) return unfit(count, listed);
    const results = records.map((record) => {
      encoded.take(record);
      return scored(reasonCount);
    });
    const scores = results.map(({ score }) => score);
    const reasons = results.map((result) => result.reasons ?? []);
    const body = reasonCount === null ? { scores } : { scores, reasons };
    return { status: 200, body, rowsScored: records.length };
  };
  return {
    unknown,
    answer(text, reasonCount) {
      let value: unknown;
      try {
        value = JSON.parse(text);
      } catch {
        return refused(400, "request.not-json", "the body is not JSON");
      }
      if (!Array.isArray(value)) return single(value, reasonCount);
      const allowed = reasonCount === null ? rowsMax : Math.min(rowsMax, REASON_ROWS_MAX);
      if (value.length <= allowed) return batch(value, reasonCount);
      return refused(413, "request.too-many-rows", `more than ${allowed} rows; send fewer at once`);
    },
  };
}

function unfit(count: number, faults: readonly FieldFault[]): Answer {
  const message = "rows do not fit the model's schema; none was scored";
  const body = { code: "request.unfit-rows", message, faultCount: count, faults };
  return { status: 422, body, rowsScored: 0 };
}

function refused(status: 400 | 413, code: string, message: string): Answer {
  return { status, body: { code, message }, rowsScored: 0 };
}

/** A row that fits, of the schema's own making: to warm up with. */
export function exampleRow({ schema }: Scorer): Record<string, number | string> {
  return Object.fromEntries(
    schema.features.map((feature) => [
      feature.name,
      feature.type === "number" ? (feature.min + feature.max) / 2 : (feature.categories[0] ?? ""),
    ]),
  );
}
