/** Key schedule and statements of one attempt, each bound to all that its holders must agree on. Pure. */
import { assert } from "../base/assert.ts";
import { toBitmap } from "../base/member-set.ts";
import { deriveKey, framed, framedHash, sha256 } from "../crypto/hash.ts";
import { LABELS } from "../crypto/labels.ts";
import { hashTree, rootAbove } from "../crypto/merkle.ts";
import type { Mask } from "./masks.ts";
import type { AttemptPlace, SumParams } from "./params.ts";

/** The hash that binds all masks of an attempt: run, prekeys, round, attempt, ask, transcript, ring and cohort. */
export function roundContext(
  { runId, roster }: SumParams,
  dealt: Uint8Array,
  place: AttemptPlace,
  cohort: readonly number[],
): Uint8Array {
  const { round, attempt, askHash, transcript, dimension, ringBits } = place;
  const members = toBitmap(cohort, roster.length);
  const vector = [dimension, ringBits] as const;
  const parts = [runId, dealt, round, attempt, askHash, transcript, ...vector, members];
  return framedHash(LABELS.context, ...parts);
}

export function selfMask(seed: Uint8Array, context: Uint8Array, index: number): Mask {
  return { key: deriveKey(seed, LABELS.selfMask, context, index), sign: 1 };
}

/** The mask that `owner` applies for `peer`: the two apply it with opposite signs. */
export function pairMask(seed: Uint8Array, context: Uint8Array, owner: number, peer: number): Mask {
  const first = Math.min(owner, peer);
  const key = deriveKey(seed, LABELS.pairMask, context, first, Math.max(owner, peer));
  return { key, sign: owner === first ? 1 : -1 };
}

/** What MASKED signs: the hash of the packed masked vector under the round's context. */
export function maskedStatement(context: Uint8Array, index: number, root: Uint8Array): Uint8Array {
  return framed(LABELS.masked, context, index, root);
}

/** ctx₂: the survivors and what each of them sent. Members confirm one per attempt. */
export function inclusionHash(
  params: SumParams,
  context: Uint8Array,
  survivors: readonly number[],
  roots: readonly Uint8Array[],
): Uint8Array {
  return inclusionOf(params, context, survivors, survivorTree(survivors, roots).root);
}

/** The tree over what survivors sent: its root is in the inclusion, and the paths show each that it is counted. */
export function survivorTree(survivors: readonly number[], roots: readonly Uint8Array[]) {
  assert(survivors.length === roots.length, "one hash for each survivor");
  return hashTree(survivors.map((index, i) => survivorLeaf(index, roots[i] ?? new Uint8Array())));
}

/** The inclusion in which a member is counted with what it sent; null if the path cannot be one. */
export function inclusionWith(
  params: SumParams,
  context: Uint8Array,
  survivors: readonly number[],
  own: { readonly index: number; readonly root: Uint8Array; readonly path: Uint8Array },
): Uint8Array | null {
  const at = survivors.indexOf(own.index);
  const leaf = survivorLeaf(own.index, own.root);
  const root = at < 0 ? null : rootAbove(leaf, at, survivors.length, own.path);
  return root && inclusionOf(params, context, survivors, root);
}

function survivorLeaf(index: number, root: Uint8Array): Uint8Array {
  return framedHash(LABELS.survivor, index, root);
}

function inclusionOf(
  { roster }: SumParams,
  context: Uint8Array,
  survivors: readonly number[],
  root: Uint8Array,
): Uint8Array {
  return framedHash(LABELS.inclusion, context, toBitmap(survivors, roster.length), root);
}

export function confirmStatement(inclusion: Uint8Array, index: number): Uint8Array {
  return framed(LABELS.confirm, inclusion, index);
}

/** @param seed Of the member's own mask; empty where it was told before. */
export function sharesStatement(
  inclusion: Uint8Array,
  index: number,
  seed: Uint8Array,
  shares: Uint8Array,
): Uint8Array {
  return framed(LABELS.shares, inclusion, index, seed, sha256(shares));
}
