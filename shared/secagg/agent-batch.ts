/** Prekeys on the agent's side: its own secrets of a batch, and the shares that it holds for others. Pure. */
import { equalBytes } from "../base/bytes.ts";
import { type Rng, randomBytes } from "../base/env.ts";
import type { Identity } from "../crypto/identity.ts";
import { type Batch, dealtContext } from "./batch.ts";
import { type Channel, deadChannel } from "./channel.ts";
import type { SumParams } from "./params.ts";
import {
  dealPrekeys,
  FORWARDED_BYTES,
  type HeldShares,
  type OwnPrekeys,
  openForwarded,
  signPrekeys,
} from "./prekeys.ts";

/** The agent's own side of a run's sums. */
export interface AgentSelf {
  readonly index: number;
  readonly identity: Identity;
  /** By roster index; members that have not joined the run are absent. */
  readonly channels: ReadonlyMap<number, Channel>;
}

/** Dealt; the others' shares have not come yet. */
export interface DealtBatch {
  readonly batch: Batch;
  readonly hash: Uint8Array;
  /** By attempt; taken out when the attempt begins. Invariant: used once. */
  readonly own: Map<number, OwnPrekeys>;
  /** The channels that it was dealt over: a member that joins again meanwhile is not in this batch. */
  readonly channels: ReadonlyMap<number, Channel>;
}

/** Ready for attempts. */
export interface AgentBatch extends DealtBatch {
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
  const { own, entries, hash } = dealPrekeys(params, batch, { ...self, channels }, rng);
  const byAttempt = new Map(own.map((prekeys, i) => [batch.firstAttempt + i, prekeys]));
  const signature = signPrekeys(self.identity, hash);
  return { state: { batch, hash, own: byAttempt, channels }, entries, signature, unreachable };
}

/** What the coordinator forwards when dealing is over. */
export interface SharesBundle {
  /** Who dealt, ascending, with the hash of what each dealt. */
  readonly dealers: readonly number[];
  readonly hashes: readonly Uint8Array[];
  /** For each dealer among our neighbours, ascending, and each attempt: sealed shares and tags. */
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
  const { batch, channels } = dealt;
  const { dealers, hashes, shares } = bundle;
  const place = dealers.indexOf(self.index);
  if (place < 0 || !equalBytes(hashes[place] ?? new Uint8Array(), dealt.hash)) return null;
  const dealing = new Set(dealers);
  const members = new Set(batch.members);
  if (dealers.some((index) => !members.has(index))) return null;
  const from = batch.graph.neighbours(self.index).filter((index) => dealing.has(index));
  if (shares.length !== from.length * batch.count * FORWARDED_BYTES) return null;
  const held = new Map<number, Map<number, HeldShares>>();
  for (let i = 0; i < batch.count; i++) held.set(batch.firstAttempt + i, new Map());
  const faulty: number[] = [];
  for (let at = 0; at < from.length; at++) {
    const dealer = from[at] ?? 0;
    const channel = channels.get(dealer);
    const bytes = shares.subarray(at * batch.count * FORWARDED_BYTES);
    if (!channel || !holdAll(batch, dealer, { index: self.index, channel }, bytes, held))
      faulty.push(dealer);
  }
  const context = dealtContext(params, batch, dealers, hashes);
  const holds = [...from.filter((index) => !faulty.includes(index)), self.index];
  holds.sort((a, b) => a - b);
  return { state: { ...dealt, context, dealers, holds, held }, faulty };
}

/** All of a dealer's attempts or none. */
function holdAll(
  batch: Batch,
  dealer: number,
  self: { readonly index: number; readonly channel: Channel },
  bytes: Uint8Array,
  held: Map<number, Map<number, HeldShares>>,
): boolean {
  const opened: HeldShares[] = [];
  for (let i = 0; i < batch.count; i++) {
    const part = bytes.subarray(i * FORWARDED_BYTES, (i + 1) * FORWARDED_BYTES);
    const shares = openForwarded(batch, batch.firstAttempt + i, dealer, self, part);
    if (!shares) return false;
    opened.push(shares);
  }
  for (const [i, shares] of opened.entries()) held.get(batch.firstAttempt + i)?.set(dealer, shares);
  return true;
}
