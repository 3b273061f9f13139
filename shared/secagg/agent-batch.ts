/** Prekeys on the agent's side: its own secrets of a batch, and the shares that it holds for others. Pure. */
import { equalBytes } from "../base/bytes.ts";
import { type Rng, randomBytes } from "../base/env.ts";
import type { Identity } from "../crypto/identity.ts";
import { type Batch, dealtContext } from "./batch.ts";
import { type Channel, deadChannel } from "./channel.ts";
import { forwardedBytes } from "./entries.ts";
import { type PairStream, pairStream } from "./pair-stream.ts";
import type { SumParams } from "./params.ts";
import {
  dealPrekeys,
  type HeldShares,
  type OwnPrekeys,
  signPrekeys,
  takeForwarded,
} from "./prekeys.ts";

/** The agent's own side of a run's sums. */
export interface AgentSelf {
  readonly index: number;
  readonly identity: Identity;
  /** By roster index; members that have not joined the run are absent. */
  readonly channels: ReadonlyMap<number, Channel>;
}

interface OwnBatch {
  readonly batch: Batch;
  readonly hash: Uint8Array;
  /** By attempt; taken out when the attempt begins. Invariant: used once. */
  readonly own: Map<number, OwnPrekeys>;
  /** The channels that it was dealt over: a member that joins again meanwhile is not in this batch. */
  readonly channels: ReadonlyMap<number, Channel>;
}

/** Dealt; the others' shares have not come yet. */
export interface DealtBatch extends OwnBatch {
  /** By neighbour: what we have in common with it in this batch. */
  readonly streams: ReadonlyMap<number, PairStream>;
}

/** Ready for attempts. */
export interface AgentBatch extends OwnBatch {
  /** Binds all masks of the batch to who dealt what. */
  readonly context: Uint8Array;
  readonly dealers: readonly number[];
  /** Dealers whose shares we hold for every attempt. */
  readonly holds: readonly number[];
  /** By attempt, then by dealer. */
  readonly held: Map<number, Map<number, HeldShares>>;
}

/** Deals over dead channels where there are no others. @returns With `unreachable`, who these are. */
export function dealBatch(
  params: SumParams,
  self: AgentSelf,
  batch: Batch,
  rng: Rng,
): {
  readonly state: DealtBatch;
  readonly entries: Uint8Array;
  readonly signature: Uint8Array;
  readonly unreachable: readonly number[];
} {
  const channels = new Map(self.channels);
  const peers = params.certificate === "macs" ? batch.members : batch.graph.neighbours(self.index);
  const unreachable = peers.filter((index) => index !== self.index && !channels.has(index));
  for (const index of unreachable) channels.set(index, deadChannel(randomBytes(rng, 32)));
  const streams = streamsOf(batch, self.index, channels);
  const { own, entries, hash } = dealPrekeys(batch, self.index, streams, rng);
  const byAttempt = new Map(own.map((prekeys, i) => [batch.firstAttempt + i, prekeys]));
  const signature = signPrekeys(self.identity, hash);
  const state = { batch, hash, own: byAttempt, channels, streams };
  return { state, entries, signature, unreachable };
}

function streamsOf(
  batch: Batch,
  index: number,
  channels: ReadonlyMap<number, Channel>,
): Map<number, PairStream> {
  const streams = new Map<number, PairStream>();
  for (const peer of batch.graph.neighbours(index)) {
    const channel = channels.get(peer);
    if (channel) streams.set(peer, pairStream(channel, batch, index, peer));
  }
  return streams;
}

/** What the coordinator forwards when dealing is over. */
export interface SharesBundle {
  /** Who dealt, ascending, with the hash of what each dealt. */
  readonly dealers: readonly number[];
  readonly hashes: readonly Uint8Array[];
  /** For each dealer among our neighbours, ascending: sealed shares, if we cannot derive them, and a hash of all tags. */
  readonly shares: Uint8Array;
}

/**
 * Opens what others dealt us. A dealer whose shares do not open is not held, and so is left out of
 * cohorts where too few hold it.
 *
 * @returns Null if the bundle leaves us out, changes what we dealt, names dealers from outside the batch (they
 *   share no masks and would only swell the count of survivors), or has the wrong size.
 */
export function takeShares(
  params: SumParams,
  self: AgentSelf,
  dealt: DealtBatch,
  bundle: SharesBundle,
): { state: AgentBatch; faulty: number[] } | null {
  const { batch, hash, own, channels } = dealt;
  const { dealers, hashes, shares } = bundle;
  const place = dealers.indexOf(self.index);
  if (place < 0 || !equalBytes(hashes[place] ?? new Uint8Array(), hash)) return null;
  const dealing = new Set(dealers);
  const members = new Set(batch.members);
  if (dealers.some((index) => !members.has(index))) return null;
  const from = batch.graph.neighbours(self.index).filter((index) => dealing.has(index));
  const sizes = from.map((dealer) => forwardedBytes(batch, dealer, self.index));
  if (shares.length !== sizes.reduce((sum, size) => sum + size, 0)) return null;
  const held = new Map<number, Map<number, HeldShares>>();
  for (let i = 0; i < batch.count; i++) held.set(batch.firstAttempt + i, new Map());
  const faulty: number[] = [];
  let at = 0;
  for (const [i, dealer] of from.entries()) {
    const bytes = shares.subarray(at, at + (sizes[i] ?? 0));
    at += bytes.length;
    if (!holdAll(self.index, dealt, dealer, bytes, held)) faulty.push(dealer);
  }
  const context = dealtContext(params, batch, dealers, hashes);
  const holds = [...from.filter((index) => !faulty.includes(index)), self.index];
  holds.sort((a, b) => a - b);
  const state = { batch, hash, own, channels, context, dealers, holds, held };
  return { state, faulty };
}

/** All of a dealer's attempts or none. */
function holdAll(
  index: number,
  { batch, streams }: DealtBatch,
  dealer: number,
  bytes: Uint8Array,
  held: Map<number, Map<number, HeldShares>>,
): boolean {
  const stream = streams.get(dealer);
  const taken = stream && takeForwarded(batch, dealer, { index, stream }, bytes);
  for (const [i, shares] of taken?.entries() ?? [])
    held.get(batch.firstAttempt + i)?.set(dealer, shares);
  return !!taken;
}
