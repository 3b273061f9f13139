/** Members with channels and dealt prekeys, in memory: the setting in which one attempt at a sum can be made. */
import { type Rng, randomBytes } from "../../shared/base/env.ts";
import type { RingBits } from "../../shared/base/ring-bits.ts";
import { agreementKey } from "../../shared/crypto/agreement.ts";
import { sha256 } from "../../shared/crypto/hash.ts";
import { type Identity, identityFromSecret } from "../../shared/crypto/identity.ts";
import {
  type AgentBatch,
  type AgentSelf,
  type DealtBatch,
  dealBatch,
  takeShares,
} from "../../shared/secagg/agent-batch.ts";
import type { AttemptParams, Patience, Spool } from "../../shared/secagg/attempt.ts";
import { type Batch, openBatch } from "../../shared/secagg/batch.ts";
import { agreeChannel, type Channel, plainChannel, signJoin } from "../../shared/secagg/channel.ts";
import {
  agreeing,
  bundleFor,
  closeDealing,
  type Dealing,
  type DealtPrekeyBatch,
  readDealing,
} from "../../shared/secagg/coordinator-batch.ts";
import {
  type AttemptPlace,
  type GroupRules,
  groupRules,
  type SumParams,
  survivorsRequired,
} from "../../shared/secagg/params.ts";

export const PATIENCE: Patience = { workMs: 1000, stepMs: 1000, graceMs: 10 };
const RUN_ID = "ab".repeat(32);

export interface AggregationRoom {
  readonly sum: SumParams;
  readonly selves: readonly AgentSelf[];
  readonly coordinator: Identity;
  readonly batch: Batch;
}

/** @param rules Overrides of what the size would give, for measurements. */
export function buildRoom(
  memberCount: number,
  rng: Rng,
  attempts = 1,
  rules: Partial<GroupRules> = {},
): AggregationRoom {
  const coordinator = identityFromSecret(randomBytes(rng, 32));
  const identities = Array.from({ length: memberCount }, () =>
    identityFromSecret(randomBytes(rng, 32)),
  );
  const roster = identities.map(({ publicKey }, index) => ({
    memberId: `member-${index}`,
    identityKey: publicKey,
  }));
  const sum: SumParams = {
    ...groupRules(memberCount),
    ...rules,
    runId: RUN_ID,
    roster,
    coordinatorKey: coordinator.publicKey,
    survivorsMin: survivorsRequired(memberCount, memberCount, 3),
  };
  const members = roster.map((_, index) => index);
  const nonces = sum.degree >= memberCount - 1 ? [] : members.map(() => randomBytes(rng, 32));
  const batch = openBatch(sum, { number: 0, firstAttempt: 0, count: attempts, members }, nonces);
  return { sum, selves: connect(sum, identities, batch, rng), coordinator, batch };
}

/** Channels between all who need one. */
function connect(
  sum: SumParams,
  identities: readonly Identity[],
  batch: Batch,
  rng: Rng,
): AgentSelf[] {
  const members = identities.map((identity, index) => {
    const agreement = agreementKey(randomBytes(rng, 32));
    const none = new Uint8Array();
    const keys = { channelKey: agreement.publicKey, kemKey: none, nonceRoot: none };
    const join = signJoin(sum.runId, sum.roster[index]?.memberId ?? "", keys, identity);
    return { index, identity, agreement, join };
  });
  return members.map((own) => {
    const channels = new Map<number, Channel>();
    const peers = sum.certificate === "macs" ? batch.members : batch.graph.neighbours(own.index);
    for (const index of peers) {
      const peer = members[index];
      if (!peer || index === own.index) continue;
      const end = agreeChannel(sum, { agreement: own.agreement, kem: null }, own, peer);
      if (end) channels.set(index, plainChannel(end));
    }
    return { index: own.index, identity: own.identity, channels };
  });
}

export interface DealtRoom extends AggregationRoom {
  readonly prekeys: DealtPrekeyBatch;
  readonly batches: readonly AgentBatch[];
}

/** Has every member deal, and hands the shares out. */
export function dealRoom(room: AggregationRoom, rng: Rng): DealtRoom {
  const { sum, selves, batch } = room;
  const dealings = new Map<number, Dealing>();
  const dealt: DealtBatch[] = [];
  for (const self of selves) {
    const made = dealBatch(sum, self, batch, rng);
    const read = made && readDealing(sum, batch, self.index, made.entries, made.signature);
    if (!made || !read) throw new Error("dealing failed");
    dealt.push(made.state);
    dealings.set(self.index, read);
  }
  const { kept, disputed } = agreeing(batch, dealings);
  if (disputed.length > 0) throw new Error("honest members in dispute");
  const prekeys = closeDealing(sum, batch, kept);
  const batches = selves.map((self, i) => {
    const own = dealt[i];
    const taken = own && takeShares(sum, self, own, bundleFor(prekeys, self.index));
    if (!taken || taken.faulty.length > 0) throw new Error("shares did not open");
    return taken.state;
  });
  return { ...room, prekeys, batches };
}

export function placeOf(dimension: number, ringBits: RingBits, attempt = 0): AttemptPlace {
  const askHash = sha256(Uint8Array.of(1));
  const transcript = sha256(Uint8Array.of(2));
  return { round: 0, attempt, askHash, transcript, dimension, ringBits };
}

export function attemptOf(
  { sum, prekeys, coordinator }: Pick<DealtRoom, "sum" | "prekeys" | "coordinator">,
  place: AttemptPlace,
): AttemptParams {
  return { sum, place, prekeys, patience: PATIENCE, identity: coordinator, certified: null };
}

/** Keeps the parts in memory. */
export function memorySpool(): Spool {
  const parts = new Map<number, Uint8Array[]>();
  return {
    add: (index, bytes) => void parts.set(index, [...(parts.get(index) ?? []), bytes]),
    parts: (index) => parts.get(index) ?? [],
    drop: (index) => void parts.delete(index),
  };
}
