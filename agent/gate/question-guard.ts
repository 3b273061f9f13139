/**
 * Holds a question with exact sums against those that were answered before: two answers whose difference is a few of
 * this member's units are one too many. Under noise there is no need: the ledger bounds what all answers tell. Pure,
 * but for the list of past questions that it is given.
 */
import type { PartitionedData } from "../../models/data.ts";
import { cellMinOf } from "../../models/tasks/cell-min.ts";
import { contextOf } from "../../models/tasks/context.ts";
import {
  isolatesFew,
  tellsOfChange,
  unitsByCell,
  unitsOf,
} from "../../models/tasks/query/differencing.ts";
import { taskFor } from "../../models/tasks/registry.ts";
import { canonicalJson, type Json } from "../../shared/base/canonical.ts";
import { CloisterError } from "../../shared/base/errors.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import type { Manifest } from "../../shared/charter/manifest.ts";
import type { TaskSpec } from "../../shared/charter/task-spec.ts";
import type { PastQuestions } from "./past-questions.ts";

interface Answered {
  readonly task: TaskSpec;
  /** Each once, by its text. Null: of one that was written off nobody knows. */
  readonly counts: Map<string, readonly number[] | null>;
}

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
  isolatesFew(manifest: Manifest): boolean {
    const cohorts = this.#cohorts(manifest, manifest.task);
    if (cohorts === null) return false;
    const units = unitsOf(this.#data);
    const unitsMin = cellMinOf(contextOf(this.#charter, manifest));
    const own = canonicalJson(manifest.task as Json);
    for (const [name, { task, counts }] of this.#answered()) {
      // The same once more tells nothing new: of a table that has not changed.
      const earlier = name === own ? cohorts : this.#cohorts(manifest, task);
      if (earlier === null) continue;
      if (name !== own && isolatesFew(cohorts, earlier, units, unitsMin)) return true;
      if (
        [...counts.values()].some((then) => tellsOfChange(cohorts, earlier, then, units, unitsMin))
      )
        return true;
    }
    return false;
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

  /** Each question once, whoever asked it how often; of each answer, of how many units each sum was. */
  #answered(): ReadonlyMap<string, Answered> {
    const answered = new Map<string, Answered>();
    for (const { task, units } of this.#past.list()) {
      const name = canonicalJson(task as Json);
      const known = answered.get(name) ?? { task, counts: new Map() };
      answered.set(name, known);
      known.counts.set(String(units), units ?? null);
    }
    return answered;
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
