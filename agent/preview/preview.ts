/** What a member is shown of a run before it approves: put together from what is known here. Pure. */
import type { EncodedData } from "../../models/data.ts";
import type { EncodedTable } from "../../models/features/encoder.ts";
import { contextOf } from "../../models/tasks/context.ts";
import { taskFor } from "../../models/tasks/registry.ts";
import { taskFactsOf } from "../../models/tasks/task-facts.ts";
import type { Rng } from "../../shared/base/env.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import type { Receivers } from "../../shared/charter/governance.ts";
import { type Manifest, sumParams } from "../../shared/charter/manifest.ts";
import { type Ruling, rulings as rulingsOf } from "../../shared/charter/policy/decide.ts";
import type { TaskFacts } from "../../shared/charter/policy/facts.ts";
import { Gate } from "../gate/gate.ts";
import type { RunQuestion } from "../gate/messages.ts";
import type { PastQuestions } from "../gate/past-questions.ts";
import type { Account } from "../ledger/account.ts";
import { type AskPreview, askPreviews } from "./asks.ts";
import { costsOf, type PartitionCost } from "./cost.ts";
import { type Sample, sampleOf } from "./sample.ts";

export interface Preview {
  readonly runId: string;
  readonly memberId: string;
  readonly manifest: Manifest;
  readonly rulings: readonly Ruling[];
  readonly columns: Columns;
  readonly data: Readonly<Record<"train" | "holdout", Size>>;
  /** Rows that are left out because their label may still change. */
  readonly unsettledRows: number;
  readonly asks: readonly AskPreview[];
  /** What leaves besides those vectors, in words. */
  readonly besides: readonly string[];
  readonly costs: readonly PartitionCost[];
  /** Null: neither charter nor manifest names any. */
  readonly receivers: Receivers | null;
  /** No sum over fewer members is opened. */
  readonly survivorsMin: number;
  /** The member's own eyes only. Null: not asked for, or none can be computed. */
  readonly sample: Sample | null;
  /** The member's own eyes only: of its records, where there is no vector to show. */
  readonly ownNotes: readonly string[];
}

interface Columns {
  readonly read: readonly string[];
  /** Their own values are added up and opened. */
  readonly summed: readonly string[];
  /** Sums are opened for each bin of their values. */
  readonly groupedBy: readonly string[];
  /** Customers are matched by their values, of which nothing is opened but how many are alike, and what those come to. */
  readonly matchedBy: readonly string[];
}

interface Size {
  readonly rows: number;
  readonly units: number;
}

export interface PreviewParams {
  readonly charter: Charter;
  readonly question: RunQuestion;
  readonly table: EncodedTable;
  /** Of a snapshot: what is asked of it changes nothing. */
  readonly account: Account;
  readonly rng: Rng;
  readonly withSample: boolean;
  readonly pastQuestions?: PastQuestions | undefined;
}

export function previewOf(params: PreviewParams): Preview {
  const { charter, question, table, account, rng, withSample, pastQuestions } = params;
  const { manifest, runId, agent } = question;
  const { memberId } = agent;
  const { data } = table;
  const task = taskFactsOf(charter, manifest);
  // What cannot be carried out at all never comes before the gate, and has neither vectors nor costs.
  const isUsable = task.faults.length === 0;
  const rulings = isUsable
    ? new Gate({ charter, memberId, data, ledger: account, rng, pastQuestions }).judge(question)
    : rulingsOf({ ...question, charter, task, dataset: null, ledger: null });
  const tooManyRows = rulings.some(({ reasons }) => reasons.some(isTooManyRows));
  const showsOwn = isUsable && withSample && !tooManyRows;
  const sample = showsOwn ? sampleOf({ charter, manifest, runId, memberId, data, rng }) : null;
  const { besides, ownNotes } = taskFor(manifest.task);
  const context = contextOf(charter, manifest);
  return {
    runId,
    memberId,
    manifest,
    rulings,
    columns: columnsOf(charter, manifest, task),
    data: { train: sizeOf(data.train), holdout: sizeOf(data.holdout) },
    unsettledRows: table.unsettledCount,
    asks: isUsable ? askPreviews(charter, manifest) : [],
    besides: (isUsable && besides?.(context)) || [],
    costs: isUsable ? costsOf(charter, manifest, runId, account) : [],
    receivers: manifest.receivers ?? charter.receivers ?? null,
    survivorsMin: sumParams(manifest, charter, runId).survivorsMin,
    sample,
    ownNotes: (showsOwn && sample === null && ownNotes?.(context, data)) || [],
  };
}

function columnsOf(
  { schema }: Charter,
  manifest: Manifest,
  { columns: { read, summed, grouped, joined } }: TaskFacts,
): Columns {
  const { delay } = schema.label;
  const dated = delay && read.length > 0 ? [...read, delay.column] : read;
  const isBinned = manifest.task.kind === "boost";
  const groupedBy = isBinned ? schema.features.map(({ name }) => name) : grouped;
  return { read: [...new Set(dated)], summed, groupedBy, matchedBy: joined };
}

const sizeOf = ({ rowCount, unitStarts }: EncodedData): Size => ({
  rows: rowCount,
  units: unitStarts.length - 1,
});

/** Nothing is ever computed on more than the charter's `rowsMax`. */
const isTooManyRows = ({ code }: { readonly code: string }): boolean => code === "tooManyRows";
