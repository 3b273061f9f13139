/**
 * Members of a run in memory, with batches of prekeys dealt among them. Identities and secrets follow from a
 * text, and channels are made up instead of agreed on: unsafe outside tests.
 */
import { utf8 } from "../../shared/base/bytes.ts";
import type { Rng } from "../../shared/base/env.ts";
import { deriveKey, macKey, seededRng, sha256 } from "../../shared/crypto/hash.ts";
import { type Identity, identityFromSecret } from "../../shared/crypto/identity.ts";
import { LABELS } from "../../shared/crypto/labels.ts";
import {
  type AgentBatch,
  type AgentSelf,
  type DealtBatch,
  dealBatch,
  takeShares,
} from "../../shared/secagg/agent-batch.ts";
import { type Batch, type BatchPlace, openBatch } from "../../shared/secagg/batch.ts";
import type { Channel } from "../../shared/secagg/channel.ts";
import {
  bundleFor,
  closeDealing,
  type Dealing,
  type DealtPrekeyBatch,
  readDealing,
} from "../../shared/secagg/coordinator-batch.ts";
import { pairStream } from "../../shared/secagg/pair-stream.ts";
import { groupRules, type SumParams, twoThirds } from "../../shared/secagg/params.ts";

export interface Group {
  readonly seed: string;
  readonly sum: SumParams;
  readonly coordinator: Identity;
  readonly members: readonly AgentSelf[];
}

export const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
/** Whatever index that is: fails where there is nothing. */
export function pick<T>(list: readonly T[] | ReadonlyMap<number, T>, index: number): T {
  const found = list instanceof Map ? list.get(index) : (list as readonly T[])[index];
  if (found === undefined) throw new Error(`nothing at ${index}`);
  return found;
}

export const unsafeSecret = (text: string): Uint8Array => new Uint8Array(sha256(utf8(text)));
export const unsafeRng = (text: string): Rng => seededRng(unsafeSecret(text));

/** Both ends get the same keys, each in its own direction. */
export function unsafeChannel(seed: string, own: number, peer: number): Channel {
  const pair = unsafeSecret(`${seed}/${Math.min(own, peer)}/${Math.max(own, peer)}`);
  const key = (from: number, to: number) => macKey(deriveKey(pair, LABELS.channelMac, from, to));
  return {
    confirming: key(own, peer),
    checking: key(peer, own),
    pairSecret: deriveKey(pair, LABELS.channelPair),
  };
}

/**
 * @param rules Instead of those that follow from the number of members.
 * @param peersOf Of a member: with whom it has channels; everyone else, if not given.
 */
export function unsafeGroup(
  count: number,
  seed: string,
  rules: Partial<SumParams> = {},
  peersOf = (index: number): number[] => upTo(count).filter((peer) => peer !== index),
): Group {
  const identities = upTo(count).map((i) => identityFromSecret(unsafeSecret(`${seed}/id/${i}`)));
  const coordinator = identityFromSecret(unsafeSecret(`${seed}/coordinator`));
  const roster = identities.map(({ publicKey }, i) => ({
    memberId: `member-${i}`,
    identityKey: publicKey,
  }));
  const sum: SumParams = {
    ...groupRules(count),
    runId: seed,
    roster,
    coordinatorKey: coordinator.publicKey,
    survivorsMin: twoThirds(count),
    ...rules,
  };
  const members = identities.map((identity, index): AgentSelf => {
    const channels = new Map(
      peersOf(index).map((peer) => [peer, unsafeChannel(seed, index, peer)]),
    );
    return { index, identity, channels };
  });
  return { seed, sum, coordinator, members };
}

/** A batch of everyone, unless `place` says otherwise; with made-up nonces where the graph needs some. */
export function batchOf({ sum, seed }: Group, place: Partial<BatchPlace> = {}): Batch {
  const members = upTo(sum.roster.length);
  const whole = { number: 0, firstAttempt: 10, count: 1, members, ...place };
  const complete = sum.degree >= sum.roster.length - 1;
  const nonces = whole.members.map((i) => unsafeSecret(`${seed}/nonce/${whole.number}/${i}`));
  return openBatch(sum, whole, complete ? [] : nonces);
}

export interface DealtGroup {
  readonly batch: Batch;
  /** By member: what it keeps. */
  readonly kept: ReadonlyMap<number, DealtBatch>;
  /** By member: what it sends. */
  readonly sent: ReadonlyMap<number, { entries: Uint8Array; signature: Uint8Array }>;
  readonly dealings: ReadonlyMap<number, Dealing>;
}

export function dealGroup(group: Group, batch: Batch): DealtGroup {
  const kept = new Map<number, DealtBatch>();
  const sent = new Map<number, { entries: Uint8Array; signature: Uint8Array }>();
  const dealings = new Map<number, Dealing>();
  for (const index of batch.members) {
    const rng = unsafeRng(`${group.seed}/draws/${batch.number}/${index}`);
    const dealt = dealBatch(group.sum, pick(group.members, index), batch, rng);
    if (!dealt) throw new Error("nothing dealt");
    const { state, entries, signature } = dealt;
    kept.set(index, state);
    sent.set(index, { entries, signature });
    const dealing = readDealing(group.sum, batch, index, entries, signature);
    if (!dealing) throw new Error("dealing not read");
    dealings.set(index, dealing);
  }
  return { batch, kept, sent, dealings };
}

/** Hands out what `dealings` hold, and has everyone in them take it. */
export function handOut(
  group: Group,
  { batch, kept }: DealtGroup,
  dealings: ReadonlyMap<number, Dealing>,
): { prekeys: DealtPrekeyBatch; agents: ReadonlyMap<number, AgentBatch> } {
  const prekeys = closeDealing(group.sum, batch, dealings);
  const agents = new Map<number, AgentBatch>();
  for (const index of dealings.keys()) {
    const self = pick(group.members, index);
    const taken = takeShares(group.sum, self, pick(kept, index), bundleFor(prekeys, index));
    if (!taken) throw new Error("shares not taken");
    agents.set(index, taken.state);
  }
  return { prekeys, agents };
}

/** The seed of a pair's mask in one attempt. */
export function pairSeedOf(group: Group, batch: Batch, own: number, peer: number, attempt: number) {
  const { seeds } = pairStream(pick(pick(group.members, own).channels, peer), batch, own, peer);
  const at = 32 * (attempt - batch.firstAttempt);
  return seeds.slice(at, at + 32);
}
