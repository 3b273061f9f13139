/**
 * The first vector that a run would ask for, computed on the real records as the gate would, and never masked or sent.
 * For the member's own screen: only the preview command may import it, and test/architecture.test.ts holds it to that.
 * Pure.
 */
import type { PartitionedData } from "../../models/data.ts";
import { contextOf } from "../../models/tasks/context.ts";
import { newMemory } from "../../models/tasks/member-memory.ts";
import { taskFor } from "../../models/tasks/registry.ts";
import { vectorParts } from "../../models/tasks/vector-parts.ts";
import { wireFormat } from "../../models/tasks/wire.ts";
import type { Rng } from "../../shared/base/env.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import { type Manifest, seatOf } from "../../shared/charter/manifest.ts";
import { fromRing } from "../../shared/privacy/encoding/ring.ts";
import { encodeContribution } from "../gate/encode.ts";
import { repeatableRng } from "../gate/repeatable.ts";

const LEADING = 3;
const PARTS_SHOWN = 24;

export interface Sample {
  readonly askKind: string;
  /** Units were drawn, and noise; the run will draw others. */
  readonly isDrawn: boolean;
  readonly whole: Statistics;
  /** By what the coordinates mean; the first ones only of a vector with many parts. */
  readonly parts: readonly (Statistics & { readonly name: string; readonly offset: number })[];
  readonly partsLeftOut: number;
  /** What else the member alone may know. */
  readonly notes: readonly string[];
  /** As they would be masked: whole numbers, with this member's share of the noise if it adds any. */
  readonly encoded: Statistics;
}

interface Statistics {
  readonly length: number;
  readonly first: readonly number[];
  readonly smallest: number;
  readonly largest: number;
  readonly l2Norm: number;
}

export interface SampleParams {
  readonly charter: Charter;
  readonly manifest: Manifest;
  readonly runId: string;
  readonly memberId: string;
  readonly data: PartitionedData;
  /** The operating system's: who is sampled and the noise, where the run is noised. */
  readonly rng: Rng;
}

/** Null: the run asks nothing. @throws {CloisterError} If the data do not fit the run. */
export function sampleOf(params: SampleParams): Sample | null {
  const { charter, manifest, runId, memberId, data, rng } = params;
  const context = contextOf(charter, manifest);
  const task = taskFor(manifest.task);
  const ask = task.nextAsk(context, task.begin(context));
  if (!ask) return null;
  const shape = task.shapeOf(context, ask.kind);
  const isNoised = shape.release.kind === "noised";
  const rngFor = (use: "work" | "rounding"): Rng =>
    isNoised ? rng : repeatableRng(manifest, runId, memberId, 0, use);
  const memory = newMemory(seatOf(manifest, memberId));
  const contribution = task.contribute(context, ask, data, rngFor("work"), memory);
  const source = new UniformSource(rngFor("rounding"));
  const ring = encodeContribution(contribution, { shape, manifest, runId, attempt: 0 }, source);
  const parts = vectorParts(context, ask.kind);
  return {
    askKind: ask.kind,
    isDrawn: isNoised,
    whole: statisticsOf(contribution),
    parts: parts.slice(0, PARTS_SHOWN).map(({ name, offset, length }) => ({
      name,
      offset,
      ...statisticsOf(contribution.subarray(offset, offset + length)),
    })),
    notes: task.ownNotes?.(context, data) ?? [],
    partsLeftOut: Math.max(0, parts.length - PARTS_SHOWN),
    encoded: statisticsOf(fromRing(ring, wireFormat(shape, manifest).ringBits)),
  };
}

function statisticsOf(values: Float64Array | Int32Array): Statistics {
  let [smallest, largest, squares] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (const value of values) {
    smallest = Math.min(smallest, value);
    largest = Math.max(largest, value);
    squares += value * value;
  }
  const first = [...values.subarray(0, LEADING)];
  return { length: values.length, first, smallest, largest, l2Norm: Math.sqrt(squares) };
}
