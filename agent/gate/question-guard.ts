/**
 * Holds a question with exact sums against those that were answered before: two answers whose difference is a few of
 * this member's units are one too many. Under noise there is no need: the ledger bounds what all answers tell. Pure,
 * but for the list of past questions that it is given.
 */
import type { PartitionedData } from "../../models/data.ts";
import { cellMinOf } from "../../models/tasks/cell-min.ts";
import { contextOf } from "../../models/tasks/context.ts";
import {
  changedByFew,
  isolatesFew,
  unitsByCell,
  unitsOf,
} from "../../models/tasks/differencing.ts";
import { taskFor } from "../../models/tasks/registry.ts";
import { canonicalJson, type Json } from "../../shared/base/canonical.ts";
import { CloisterError } from "../../shared/base/errors.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import type { Manifest } from "../../shared/charter/manifest.ts";
import type { TaskSpec } from "../../shared/charter/task-spec.ts";
import type { PastQuestions } from "./past-questions.ts";

export class QuestionGuard {
  readonly #charter: Charter;
  readonly #data: PartitionedData;
  readonly #past: PastQuestions;

  constructor(charter: Charter, data: PartitionedData, past: PastQuestions) {
    this.#charter = charter;
    this.#data = data;
    this.#past = past;
  }

  /** Whether the answer, with one given before, would tell of fewer of this member's units than a cell may have. */
  isolatesFew(manifest: Manifest, runId: string): boolean {
    const cohorts = this.#cohorts(manifest, manifest.task);
    if (cohorts === null) return false;
    const units = unitsOf(this.#data);
    const unitsMin = cellMinOf(contextOf(this.#charter, manifest));
    const counts = unitsByCell(cohorts, units);
    if (this.#same(manifest).some((then) => changedByFew(then, counts, unitsMin))) return true;
    return this.#others(manifest, runId).some((task) => {
      const earlier = this.#cohorts(manifest, task);
      return earlier !== null && isolatesFew(cohorts, earlier, units, unitsMin);
    });
  }

  /** Notes a question whose answer is about to leave. */
  answering(manifest: Manifest, runId: string): void {
    const { task } = manifest;
    const cohorts = this.#cohorts(manifest, task);
    if (cohorts === null) return;
    const units = [...unitsByCell(cohorts, unitsOf(this.#data))];
    const isNoted = this.#past
      .list()
      .some((line) => line.runId === runId && String(line.units) === String(units));
    if (!isNoted) this.#past.add({ runId, task, units });
  }

  /** Of answers to this very question, this run's too: how many units each sum was of. */
  #same({ task }: Manifest): (readonly number[])[] {
    const own = canonicalJson(task as Json);
    return this.#past
      .list()
      .flatMap(({ task: other, units }) =>
        units && canonicalJson(other as Json) === own ? [units] : [],
      );
  }

  /** Each question once, whoever asked it how often. */
  #others(manifest: Manifest, runId: string): TaskSpec[] {
    const own = canonicalJson(manifest.task as Json);
    const tasks = new Map<string, TaskSpec>();
    for (const line of this.#past.list())
      if (line.runId !== runId) tasks.set(canonicalJson(line.task as Json), line.task);
    tasks.delete(own);
    return [...tasks.values()];
  }

  /** Null: no sum of it is over chosen rows, or it cannot be asked of this schema (any more). */
  #cohorts(manifest: Manifest, task: TaskSpec): Int32Array | null {
    if (manifest.privacy !== null) return null;
    try {
      const context = contextOf(this.#charter, { ...manifest, task });
      return taskFor(task).cohorts?.(context, this.#data) ?? null;
    } catch (error) {
      if (error instanceof CloisterError) return null; // Other rules say what is wrong with it.
      throw error;
    }
  }
}
