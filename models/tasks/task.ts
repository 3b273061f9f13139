/**
 * A task: a pair of pure functions over one secure sum per round. The coordinator's half says what
 * to ask next given the last aggregate; the agent's half computes the vector for an ask from local
 * data. Adding a task touches neither the gate, nor the protocol, nor the server. Pure.
 */
import type { EngineName } from "../../shared/base/engine-name.ts";
import type { Rng } from "../../shared/base/env.ts";
import type { DataSchema } from "../../shared/charter/schema.ts";
import type { SingleDpEvent } from "../../shared/privacy/accounting/events.ts";
import type { Answer } from "../answers/answer.ts";
import type { PartitionedData } from "../data.ts";
import type { Model } from "../model.ts";
import type { MemberMemory } from "./member-memory.ts";

/** What a round asks of every member. `kind` and sizes are checked by each agent against the manifest. */
export interface Ask {
  /** Which computation, of the task's own closed set. */
  readonly kind: string;
  /** Public input: model parameters and the like. Empty when there is none. */
  readonly input: Float32Array;
}

/**
 * How an ask's vector leaves a member: derived by every agent from the manifest and the ask's kind,
 * never taken from the coordinator's word.
 */
export interface ReleaseShape {
  /** Length of the contribution. */
  readonly dimension: number;
  readonly release: NoisedRelease | BoundedRelease;
  /**
   * True for a gradient or an update, whose encoding the manifest may choose (`wire.ts`). Left out
   * for counts, histograms and moments, which travel as `release` says.
   */
  readonly isModelVector?: true;
}

/** A sum over units with a privacy guarantee per unit. */
export interface NoisedRelease {
  readonly kind: "noised";
  /** ℓ2 bound of one unit's part of the vector. */
  readonly sensitivity: number;
  /** Each unit of the partition takes part independently with this probability. */
  readonly samplingProbability: number;
  /** Standard deviation of the noise in the opened sum, in units of `sensitivity`. */
  readonly noiseMultiplier: number;
  /** Whose budget pays. */
  readonly partition: Payers;
  /**
   * True where coordinates are integers: they are released as they are, with noise that is an integer. Left out:
   * they are rounded to a grid first.
   */
  readonly integers?: true;
  /** With `integers`: the ring that they fit. Left out: 32 bits. */
  readonly ringBits?: 16 | 24 | 32;
}

/** Units of one partition; `all`: of both, so each side's budget pays. */
export type Payers = "train" | "holdout" | "all";

/** A bounded sum hidden by secure aggregation only: no guarantee about what the sum itself tells. */
export interface BoundedRelease {
  readonly kind: "bounded";
  /** Bound of the absolute value of each coordinate of one member's vector. */
  readonly magnitudeMax: number;
  /** Bound of the ℓ2 norm of one member's vector, where it is tight enough to choose a scale by. */
  readonly l2NormMax?: number;
  /** The ring that suffices without rotation. */
  readonly ringBits: 24 | 32;
  /** True where coordinates are integers and must arrive exactly. */
  readonly exact: boolean;
}

/** One kind of ask, and how often a run makes it at most, if no attempt fails. */
export interface PlannedAsk {
  readonly kind: string;
  /** Whose units answer. */
  readonly partition: Payers;
  readonly count: number;
}

/** Everything public that a task may depend on. The same on both sides. */
export interface TaskContext<Spec> {
  readonly spec: Spec;
  readonly schema: DataSchema;
  /** Null where the run adds no noise. */
  readonly noise: {
    readonly trainMultiplier: number;
    readonly holdoutMultiplier: number;
    /** Public estimate of all members' training units together; scales sums to means. */
    readonly unitsExpected: number;
    /** By how much an opened sum's noise exceeds what is guaranteed, if every member answers. Left out: 1. */
    readonly inflation?: number;
    /** A matching's: how many decoys a pool has, and the δ of the run. Left out: another task's run. */
    readonly pools?: { readonly perPool: number; readonly delta: number };
  } | null;
  /** Charter's bound on one member's rows. */
  readonly rowsMax: number;
  readonly memberCount: number;
  /** Who they are, in the order of the roster. Left out: only that they are so many. */
  readonly memberIds?: readonly string[];
  /** Without noise, a member holds back each cell of an answer with fewer of its rows. Left out: 5. */
  readonly cellMin?: number;
}

/** The opened sum of a round, in the contribution's own units. Shape [dimension]. */
export type Aggregate = Float64Array;

export interface Task<Spec, State> {
  /** Every kind of ask that a run may make. What a member is asked beyond it, it refuses. */
  plannedAsks(context: TaskContext<Spec>): PlannedAsk[];
  shapeOf(context: TaskContext<Spec>, askKind: string): ReleaseShape;
  /**
   * The agent's half. `rng` decides who is sampled: from the operating system where noise is added. `memory` is the
   * member's own for this run, and is changed; left out, it remembers nothing.
   */
  contribute(
    context: TaskContext<Spec>,
    ask: Ask,
    data: PartitionedData,
    rng: Rng,
    memory?: MemberMemory,
  ): Float64Array;
  /** The model that only this member has, after an ask; null where a run has none such. */
  ownModel?(context: TaskContext<Spec>, ask: Ask, memory: MemberMemory): Model | null;
  /** What a member learns of its own rows from an ask, for its own disk and nobody else. Left out: nothing. */
  ownReport?(
    context: TaskContext<Spec>,
    ask: Ask,
    data: PartitionedData,
    own: readonly { readonly runId: string; readonly model: Model }[],
  ): Answer;
  /** The memory that goes with such a model, for a member that has restarted. */
  recall?(context: TaskContext<Spec>, own: Model): MemberMemory;

  /** The coordinator's half: a fold. */
  begin(context: TaskContext<Spec>): State;
  /** The next ask, or null when the task is complete. */
  nextAsk(context: TaskContext<Spec>, state: State): Ask | null;
  absorb(context: TaskContext<Spec>, state: State, aggregate: Aggregate): State;
  /** What a question comes to, once it is complete; null before. Left out: the task is no question. */
  answer?(context: TaskContext<Spec>, state: State): Answer | null;
  /**
   * Of each row of both partitions, training first, the set whose sum is opened exactly; −1: none. So that questions
   * can be held against one another. Left out: no sum of the task is one over chosen rows.
   */
  cohorts?(context: TaskContext<Spec>, data: PartitionedData): Int32Array;
  /** Which columns are read, and what for. Left out: as a model reads them. */
  columnUse?(context: TaskContext<Spec>): ColumnUse;
  /** Whether a sum that lacks a member tells nothing right: no drop-out may be allowed for. Left out: never. */
  needsEveryMember?(spec: Spec): boolean;
  /** What the coordinates of an ask's vector mean, in order. Left out: `vector-parts.ts` knows. */
  partNames?(context: TaskContext<Spec>, askKind: string): readonly (readonly [string, number])[];
  /** What computes a model on the machine that asks; null: this run has no such model. Left out: no run of the task has. */
  engine?(context: TaskContext<Spec>): EngineName | null;
  /** What only the member is told, of its own records, before it approves. Left out: nothing. */
  ownNotes?(context: TaskContext<Spec>, data: PartitionedData): readonly string[];
  /** What leaves besides sums, as ledgers are charged for it, once in a run. Left out, or null: nothing that costs. */
  otherRelease?(context: TaskContext<Spec>): OtherRelease | null;
  /** What leaves a member besides vectors of sums, in words for who is to approve it. Left out: nothing. */
  besides?(context: TaskContext<Spec>): readonly string[];
  /** What a person watches. */
  progress(state: State): TaskProgress;
  /** The state as bytes, for the coordinator's store; exact. */
  encodeState(state: State): Uint8Array;
  decodeState(context: TaskContext<Spec>, bytes: Uint8Array): State;
}

/** A release by another door than secure sums. */
export interface OtherRelease {
  /** What logs and ledgers call it. */
  readonly kind: string;
  /** Whose budget pays. */
  readonly partition: Payers;
  readonly event: SingleDpEvent;
}

/** Columns by what becomes of them; each may be in several lists. */
export interface ColumnUse {
  readonly read: readonly string[];
  /** Their values are added up. */
  readonly summed: readonly string[];
  /** Sums are broken down by their values. */
  readonly grouped: readonly string[];
  /** Customers are matched by them. */
  readonly joined: readonly string[];
}

export interface TaskProgress {
  /** Task rounds completed, of how many in all (training, scaling and evaluation rounds alike). */
  readonly done: number;
  readonly total: number;
  /** Mean loss per row as the last training aggregate tells it (noised where the run is). */
  readonly loss: number | null;
  /** The last secure evaluation. */
  readonly metrics: Metrics | null;
  /** How scores are spread in the last secure evaluation, of a model that learns without labels; else left out. */
  readonly scores?: ScoreQuantiles | null;
  /** Why the task cannot go on; null or left out: it can. */
  readonly failure?: Failure | null;
}

/** Why a run had to stop, for people and programs. */
export interface Failure {
  readonly code: string;
  readonly message: string;
}

export interface Metrics {
  readonly rocAuc: number;
  readonly prAuc: number;
  readonly recallAt1pctFpr: number;
  readonly recallAt5pctFpr: number;
  /** Rows of the evaluation by class, as its sum tells (noised where the run is). Absent in older logs. */
  readonly counts?: ClassCounts | undefined;
}

/** Of the scores of an evaluation's rows, labelled or not: half of them are below `p50`, and so on. */
export interface ScoreQuantiles {
  readonly rows: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

export interface ClassCounts {
  readonly positives: number;
  readonly negatives: number;
}
