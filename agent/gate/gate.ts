/**
 * The one door. Everything computed from records leaves through `seal`, in this order: policy (what the
 * manifest allows) → ledger (debited, durably) → clip and quantise → noise → mask. An auditor who has
 * read this file and what it calls knows everything that can ever leave, but for a matching's sealed points: see
 * `match-door.ts`.
 */

import type { EncodedData, PartitionedData } from "../../models/data.ts";
import { contextOf } from "../../models/tasks/context.ts";
import { type MemberMemory, newMemory } from "../../models/tasks/member-memory.ts";
import { privacyEvent, releasesOf } from "../../models/tasks/privacy-events.ts";
import { taskFor } from "../../models/tasks/registry.ts";
import type { Ask, ReleaseShape } from "../../models/tasks/task.ts";
import { taskFactsOf } from "../../models/tasks/task-facts.ts";
import { wireFormat } from "../../models/tasks/wire.ts";
import { assert } from "../../shared/base/assert.ts";
import { giveBack } from "../../shared/base/bytes.ts";
import type { EngineName } from "../../shared/base/engine-name.ts";
import type { Rng } from "../../shared/base/env.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import { type Manifest, seatOf } from "../../shared/charter/manifest.ts";
import { type Ruling, rulings } from "../../shared/charter/policy/decide.ts";
import type { Reason } from "../../shared/charter/policy/facts.ts";
import { type Mask, packMasked } from "../../shared/secagg/masks.ts";
import type { Account } from "../ledger/account.ts";
import { encodeContribution } from "./encode.ts";
import { MatchGuard } from "./match-guard.ts";
import type { GateRefusal, RunQuestion } from "./messages.ts";
import type { OwnModels } from "./own-models.ts";
import type { OwnReports } from "./own-reports.ts";
import { type PastQuestions, pastQuestionsInMemory } from "./past-questions.ts";
import { answersMax, partitionOf } from "./plan.ts";
import { QuestionGuard } from "./question-guard.ts";
import { repeatableRng } from "./repeatable.ts";

/** Who and what the gate guards. */
export interface GateParams {
  readonly charter: Charter;
  readonly memberId: string;
  readonly data: PartitionedData;
  readonly ledger: Account;
  /** The operating system's: sampling, rounding and noise under a privacy guarantee. */
  readonly rng: Rng;
  /** Where models are kept that this member alone has; left out: nowhere, they end with the process. */
  readonly ownModels?: OwnModels | undefined;
  /** Where it is written how a model that is evaluated does on this member's own rows; left out: nowhere. */
  readonly ownReports?: OwnReports | undefined;
  /** What was answered exactly before; left out: this process alone remembers. */
  readonly pastQuestions?: PastQuestions | undefined;
}

interface Run {
  readonly manifest: Manifest;
  readonly runId: string;
  /** What the task carries from round to round. Invariant: never readable from outside this class. */
  readonly memory: MemberMemory;
}

/** A contribution that is computed and has not left. Invariant: never readable from outside this class. */
interface Pending {
  readonly attempt: number;
  readonly askKind: string;
  readonly shape: ReleaseShape;
  readonly contribution: Float64Array;
}

export class Gate {
  readonly #params: GateParams;
  readonly #questions: QuestionGuard;
  readonly #matches: MatchGuard;
  #run: Run | null = null;
  #pending: Pending | null = null;

  constructor(params: GateParams) {
    this.#params = params;
    const { charter, data, pastQuestions = pastQuestionsInMemory() } = params;
    this.#questions = new QuestionGuard(charter, data, pastQuestions);
    this.#matches = new MatchGuard(charter, data, pastQuestions);
  }

  /** Every rule's word on a run, by all that this member knows. */
  judge(question: RunQuestion): Ruling[] {
    const { charter, data, ledger } = this.#params;
    const { manifest, runId } = question;
    const dataset = {
      rows: data.train.rowCount + data.holdout.rowCount,
      units: unitCountOf(data.train) + unitCountOf(data.holdout),
      isolatesFew: this.#questions.isolatesFew(manifest) || this.#matches.isolatesFew(manifest),
    };
    const partitions = releasesOf(charter, manifest).map(({ partition, event, count }) => ({
      partition,
      fits: ledger.fits(partition, runId, { kind: "selfComposed", event, count }),
    }));
    const task = taskFactsOf(charter, manifest);
    return rulings({ ...question, charter, task, dataset, ledger: { partitions } });
  }

  /** Takes up a run, unless a rule refuses it. @returns Every reason to refuse. */
  assess(question: RunQuestion): Reason[] {
    const { manifest, runId, decisions } = question;
    assert(decisions !== null, "a run that is only proposed is not taken up");
    const reasons = this.judge(question).flatMap((ruling) => ruling.reasons);
    if (reasons.length === 0 && this.#run?.runId !== runId) {
      this.#run = { manifest, runId, memory: this.#memoryOf(manifest, runId) };
      this.#pending = null; // What was computed for one run is not sealed, or paid for, as another's.
    }
    return reasons;
  }

  /** The manifest of a run that is taken up; null: it is another, or none is. */
  takenUp(runId: string): Manifest | null {
    return this.#run?.runId === runId ? this.#run.manifest : null;
  }

  /** This member's set in the matching that is taken up is about to be let go, by its word that it is ready. */
  matchLeaving(runId: string): void {
    const manifest = this.takenUp(runId);
    if (manifest) this.#matches.answering(manifest, runId);
  }

  /** What will compute the model of a run that is taken up: of this machine and the run's public plan, of no record. */
  engine(runId: string): EngineName | null {
    const manifest = this.takenUp(runId);
    if (!manifest) return null;
    return taskFor(manifest.task).engine?.(contextOf(this.#params.charter, manifest)) ?? null;
  }

  /** A run's memory when it is taken up: empty, or what its own model on the disk still tells. */
  #memoryOf(manifest: Manifest, runId: string): MemberMemory {
    const { charter, memberId, ownModels } = this.#params;
    const own = ownModels?.load(runId, charter.schema);
    const recalled = own && taskFor(manifest.task).recall?.(contextOf(charter, manifest), own);
    return recalled ?? newMemory(seatOf(manifest, memberId));
  }

  /** Local work for one ask. The result stays here. */
  work(attempt: number, askKind: string, input: Float32Array): void {
    const run = this.#run;
    this.#pending = null; // Whatever was computed for another attempt is not sealed for this one.
    assert(run !== null, "work before a run was taken up");
    const context = contextOf(this.#params.charter, run.manifest);
    const task = taskFor(run.manifest.task);
    const shape = task.shapeOf(context, askKind);
    const rng =
      shape.release.kind === "noised"
        ? this.#params.rng
        : this.#repeatableRng(run, attempt, "work");
    const ask = { kind: askKind, input };
    const contribution = task.contribute(context, ask, this.#params.data, rng, run.memory);
    this.#pending = { attempt, askKind, shape, contribution };
    const own = task.ownModel?.(context, ask, run.memory);
    if (own) this.#params.ownModels?.save(run.runId, own);
    this.#report(run, ask);
  }

  /** What the member learns of its own rows goes to its own disk, and nowhere else. */
  #report({ manifest, runId }: Run, ask: Ask): void {
    const { charter, data, ownModels, ownReports } = this.#params;
    const task = taskFor(manifest.task);
    if (!ownReports || !task.ownReport) return;
    const own = ownModels?.list(charter.schema) ?? [];
    ownReports.save(runId, task.ownReport(contextOf(charter, manifest), ask, data, own));
  }

  /** Debits the ledger, and only then makes the vector that may leave: quantised, noised, masked. */
  seal(
    round: number,
    attempt: number,
    masks: readonly Mask[],
  ): { vector: Uint8Array } | { refused: GateRefusal } {
    const pending = this.#pending;
    const run = this.#run;
    this.#pending = null; // Used once, whatever happens.
    if (!run || pending?.attempt !== attempt || masks.length < 3)
      return { refused: "wrongAttempt" };
    const { shape, askKind } = pending;
    const { charter, ledger } = this.#params;
    if (ledger.answers(run.runId, askKind) >= answersMax(charter, run.manifest, askKind))
      return { refused: "planExceeded" };
    const partition = partitionOf(charter, run.manifest, askKind);
    const event = privacyEvent(shape);
    const { manifest, runId } = run;
    const { dimension, ringBits } = wireFormat(shape, manifest);
    const parameters = { dimension, ringBits };
    const outcome = ledger.debit({ runId, round, attempt, askKind, partition, event, parameters });
    if (outcome !== "debited") return { refused: outcome };
    this.#questions.answering(manifest, runId);
    const rng = event ? this.#params.rng : this.#repeatableRng(run, attempt, "rounding");
    const encode = { shape, manifest, runId, attempt };
    const ring = encodeContribution(pending.contribution, encode, new UniformSource(rng));
    pending.contribution.fill(0);
    giveBack(pending.contribution);
    const vector = packMasked(ring, masks, ringBits);
    giveBack(ring);
    return { vector };
  }

  #repeatableRng({ manifest, runId }: Run, attempt: number, use: "work" | "rounding"): Rng {
    return repeatableRng(manifest, runId, this.#params.memberId, attempt, use);
  }
}

const unitCountOf = ({ unitStarts }: EncodedData): number => unitStarts.length - 1;
