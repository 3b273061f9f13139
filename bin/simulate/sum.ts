/**
 * One secure sum of a run, in one process: the members' own contributions through the gate's own encoding, added in the
 * ring and opened as the coordinator does. Masks are left out: they cancel in the sum, to the last bit. Pure.
 *
 * Nothing here protects anybody: all contributions lie side by side, and the noise comes from a seed so that a
 * simulation can be repeated. Never for records that the process may not see.
 */
import { encodeContribution } from "../../agent/gate/encode.ts";
import { addCentralNoiseInPlace } from "../../coordinator/run/central-noise.ts";
import type { PartitionedData } from "../../models/data.ts";
import { decodeSum } from "../../models/tasks/decode.ts";
import type { MemberMemory } from "../../models/tasks/member-memory.ts";
import { taskFor } from "../../models/tasks/registry.ts";
import type { Aggregate, Ask, ReleaseShape, TaskContext } from "../../models/tasks/task.ts";
import { type WireManifest, wireFormat } from "../../models/tasks/wire.ts";
import type { Rng } from "../../shared/base/env.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import type { TaskSpec } from "../../shared/charter/task-spec.ts";
import { addVectorInPlace, reduceInPlace } from "../../shared/secagg/ring.ts";

export interface SimulatedMember {
  readonly data: PartitionedData;
  /** What it carries from round to round; changed. */
  readonly memory: MemberMemory;
}

/** What one member draws from for one attempt: sampling and shuffles, then rounding and noise. */
export interface Draws {
  readonly work: Rng;
  readonly rounding: Rng;
}

export interface SimulatedRun {
  readonly context: TaskContext<TaskSpec>;
  readonly manifest: WireManifest;
  readonly runId: string;
  /** By place in the roster. */
  readonly members: readonly SimulatedMember[];
  /** Seeds sampling, noise and drop-outs. */
  readonly seed: string;
  /** Where a member's draws for a release come from, if not from the seed. */
  readonly drawsOf?: (member: number, attempt: number, shape: ReleaseShape) => Draws;
}

/** @param present Places in the roster of those whose vectors arrive. */
export function openedSum(
  run: SimulatedRun,
  ask: Ask,
  attempt: number,
  present: readonly number[],
): Aggregate {
  const { context, manifest, runId, members, seed, drawsOf = seededDraws(seed) } = run;
  const task = taskFor(context.spec);
  const shape = task.shapeOf(context, ask.kind);
  const place = { shape, manifest, runId, attempt };
  const { dimension, ringBits } = wireFormat(shape, manifest);
  const sum = new Uint32Array(dimension);
  for (const index of present) {
    const member = members[index];
    if (!member) continue;
    const { work, rounding } = drawsOf(index, attempt, shape);
    const contribution = task.contribute(context, ask, member.data, work, member.memory);
    const source = new UniformSource(rounding);
    addVectorInPlace(sum, encodeContribution(contribution, place, source));
  }
  reduceInPlace(sum, ringBits);
  const central = new UniformSource(reproducibleRng(`${seed}/${attempt}/central`));
  addCentralNoiseInPlace(sum, shape, manifest, central);
  return decodeSum(sum, shape, manifest, place);
}

function seededDraws(seed: string): (member: number, attempt: number) => Draws {
  return (member, attempt) => {
    const rng = reproducibleRng(`${seed}/${attempt}/${member}`);
    return { work: rng, rounding: rng };
  };
}
