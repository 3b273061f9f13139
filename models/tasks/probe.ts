/** Secure sums of zeros: what a room costs in time and bytes, without touching a record. Pure. */
import { assert } from "../../shared/base/assert.ts";
import { badInput } from "../../shared/base/errors.ts";
import type { ProbeTask } from "../../shared/charter/task-spec.ts";
import type { Task } from "./task.ts";

export interface ProbeState {
  readonly done: number;
  readonly total: number;
}

const STATE_BYTES = 8;

export const probeTask: Task<ProbeTask, ProbeState> = {
  plannedAsks: ({ spec }) => [{ kind: "zeros", partition: "train", count: spec.rounds }],
  shapeOf({ spec }, askKind) {
    checkKind(askKind);
    const bounds = { magnitudeMax: 1, l2NormMax: 1, ringBits: 24, exact: false } as const;
    // A stand-in for a model's vector: it measures what the manifest's encoding costs.
    const release = { kind: "bounded", ...bounds } as const;
    return { dimension: spec.dimension, release, isModelVector: true };
  },
  contribute({ spec }, ask) {
    checkKind(ask.kind);
    return new Float64Array(spec.dimension);
  },
  begin: ({ spec }) => ({ done: 0, total: spec.rounds }),
  nextAsk: (_, { done, total }) =>
    // The number makes each ask another one, as a model's parameters do.
    done < total ? { kind: "zeros", input: Float32Array.of(done) } : null,
  absorb({ spec }, state, aggregate) {
    assert(aggregate.length === spec.dimension, "aggregate has the wrong length");
    return { ...state, done: state.done + 1 };
  },
  progress: ({ done, total }) => ({ done, total, loss: null, metrics: null }),
  encodeState({ done, total }) {
    const view = new DataView(new ArrayBuffer(STATE_BYTES));
    view.setUint32(0, done, true);
    view.setUint32(4, total, true);
    return new Uint8Array(view.buffer);
  },
  decodeState({ spec }, bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const fits = bytes.length === STATE_BYTES && view.getUint32(4, true) === spec.rounds;
    const done = fits ? view.getUint32(0, true) : Number.POSITIVE_INFINITY;
    if (done > spec.rounds) {
      throw badInput("task.state-unreadable", "The stored state is not one of this probe.");
    }
    return { done, total: spec.rounds };
  },
};

function checkKind(kind: string): void {
  if (kind !== "zeros") throw badInput("task.ask-unknown", `A probe never asks for "${kind}".`);
}
