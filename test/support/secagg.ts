/** Both halves of secure aggregation against each other in memory: rooms with channels, and batches dealt. */
import { type Rng, randomBytes } from "../../shared/base/env.ts";
import type { RingBits } from "../../shared/base/ring-bits.ts";
import { agreementKey } from "../../shared/crypto/agreement.ts";
import { sha256 } from "../../shared/crypto/hash.ts";
import { type Identity, identityFromSecret } from "../../shared/crypto/identity.ts";
import {
  type AgentBatch,
  type AgentSelf,
  dealBatch,
  takeShares,
} from "../../shared/secagg/agent-batch.ts";
import type { AttemptParams, Patience, Spool } from "../../shared/secagg/attempt.ts";
import { openBatch } from "../../shared/secagg/batch.ts";
import { agreeChannel, type Channel, plainChannel, signJoin } from "../../shared/secagg/channel.ts";
import { bundleFor, closeDealing, readDealing } from "../../shared/secagg/coordinator-batch.ts";
import { groupRules, type SumParams, survivorsRequired } from "../../shared/secagg/params.ts";

export const PATIENCE: Patience = { workMs: 1000, stepMs: 1000, graceMs: 10 };
export const ATTEMPT = 3;

export interface TestRoom {
  readonly params: AttemptParams;
  readonly members: readonly { readonly self: AgentSelf; readonly batch: AgentBatch }[];
}

/** @param absent Members that did not join: not in the batch. */
export function buildRoom(
  memberCount: number,
  dimension: number,
  ringBits: RingBits,
  rng: Rng,
  absent: readonly number[] = [],
): TestRoom {
  const coordinator = identityFromSecret(randomBytes(rng, 32));
  const identities = Array.from({ length: memberCount }, () =>
    identityFromSecret(randomBytes(rng, 32)),
  );
  const sum: SumParams = {
    ...groupRules(memberCount),
    runId: "0".repeat(64),
    roster: identities.map(({ publicKey }, i) => ({
      memberId: `member-${i}`,
      identityKey: publicKey,
    })),
    coordinatorKey: coordinator.publicKey,
    survivorsMin: survivorsRequired(memberCount, memberCount, 3),
  };
  const selves = connect(sum, identities, rng);
  const indices = selves.map((_, i) => i).filter((i) => !absent.includes(i));
  const place = { number: 0, firstAttempt: ATTEMPT, count: 1, members: indices };
  const batch = openBatch(sum, place, []);
  const dealt = indices.map((i) => dealBatch(sum, at(selves, i), batch, rng));
  const dealings = new Map(
    dealt.map(({ entries, signature }, k) => {
      const dealing = readDealing(sum, batch, at(indices, k), entries, signature);
      if (!dealing) throw new Error("an honest dealing is taken");
      return [at(indices, k), dealing] as const;
    }),
  );
  const prekeys = closeDealing(sum, batch, dealings);
  const members = indices.map((i, k) => {
    const taken = takeShares(sum, at(selves, i), at(dealt, k).state, bundleFor(prekeys, i));
    if (!taken || taken.faulty.length > 0) throw new Error("honest shares open");
    return { self: at(selves, i), batch: taken.state };
  });
  const attemptPlace = {
    round: 1,
    attempt: ATTEMPT,
    askHash: sha256(Uint8Array.of(1)),
    transcript: sha256(Uint8Array.of(2)),
    dimension,
    ringBits,
  };
  const common = { prekeys, patience: PATIENCE, identity: coordinator, certified: null };
  const params = { sum, place: attemptPlace, ...common };
  return { params, members };
}

/** Every pair of members with a channel between them. */
function connect(sum: SumParams, identities: readonly Identity[], rng: Rng): AgentSelf[] {
  const ends = identities.map((identity, index) => {
    const agreement = agreementKey(randomBytes(rng, 32));
    const none = new Uint8Array();
    const keys = { channelKey: agreement.publicKey, kemKey: none, nonceRoot: none };
    const join = signJoin(sum.runId, sum.roster[index]?.memberId ?? "", keys, identity);
    return { index, identity, join, secrets: { agreement, kem: null } };
  });
  return ends.map((own) => {
    const channels = new Map<number, Channel>();
    for (const peer of ends) {
      const end = peer === own ? null : agreeChannel(sum, own.secrets, own, peer);
      if (end) channels.set(peer.index, plainChannel(end));
    }
    return { index: own.index, identity: own.identity, channels };
  });
}

export function memorySpool(): Spool {
  const parts = new Map<number, Uint8Array[]>();
  return {
    add: (index, bytes) => void parts.set(index, [...(parts.get(index) ?? []), bytes.slice()]),
    parts: (index) => parts.get(index) ?? [],
    drop: (index) => void parts.delete(index),
  };
}

export function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new Error(`nothing at ${index}`);
  return item;
}
