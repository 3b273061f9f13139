/**
 * A batch of prekeys: a run of attempt numbers for which members deal their secrets ahead, on one graph.
 * Attempt numbers of different batches never overlap. Pure.
 */
import { assert } from "../base/assert.ts";
import { toBitmap } from "../base/member-set.ts";
import { UniformSource } from "../base/uniform.ts";
import { framedHash, seededRng } from "../crypto/hash.ts";
import { LABELS } from "../crypto/labels.ts";
import { buildGraph, type Graph } from "./graph.ts";
import type { SumParams } from "./params.ts";

export interface BatchPlace {
  readonly number: number;
  readonly firstAttempt: number;
  /** Attempts that it serves. */
  readonly count: number;
  /** Roster indices, ascending: everyone who is asked to deal. */
  readonly members: readonly number[];
}

export interface Batch extends BatchPlace {
  readonly graph: Graph;
  /** Shares that rebuild a secret. */
  readonly threshold: number;
  /** One of each member, in order; none where the graph is complete. The graph's seed is their hash. */
  readonly nonces: readonly Uint8Array[];
  /** Hash of all of the above and the graph's seed; every prekey of the batch is bound to it. */
  readonly opening: Uint8Array;
  /** Who may confirm survivors where a committee does. */
  readonly committee: ReadonlySet<number>;
}

/** @param nonces One of each member, in order; none where the graph is complete. */
export function openBatch(
  params: SumParams,
  place: BatchPlace,
  nonces: readonly Uint8Array[],
): Batch {
  const { runId, roster, degree, threshold } = params;
  const { number, firstAttempt, count, members } = place;
  const bitmap = toBitmap(members, roster.length);
  const seed = framedHash(LABELS.graph, runId, number, bitmap, ...nonces);
  return {
    ...place,
    nonces,
    graph: buildGraph(members, degree, seed),
    threshold,
    opening: framedHash(LABELS.batch, runId, number, firstAttempt, count, bitmap, seed),
    committee: committeeOf(params, members, seed),
  };
}

function committeeOf(
  { certificate, confirmersMax }: SumParams,
  members: readonly number[],
  seed: Uint8Array,
): ReadonlySet<number> {
  if (certificate === "macs") return new Set(members);
  const order = Uint32Array.from(members);
  new UniformSource(seededRng(framedHash(LABELS.committee, seed))).shuffleInPlace(order);
  return new Set(order.subarray(0, confirmersMax));
}

export function serves({ firstAttempt, count }: BatchPlace, attempt: number): boolean {
  return attempt >= firstAttempt && attempt < firstAttempt + count;
}

/** Who dealt, with the hash of all that each dealt: what every mask of the batch is bound to. */
export function dealtContext(
  { runId, roster }: SumParams,
  batch: Batch,
  dealers: readonly number[],
  hashes: readonly Uint8Array[],
): Uint8Array {
  assert(dealers.length === hashes.length, "one hash for each dealer");
  const bitmap = toBitmap(dealers, roster.length);
  return framedHash(LABELS.batch, runId, batch.opening, bitmap, ...hashes);
}
