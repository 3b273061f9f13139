/** A vector's round as the product's own parties: members with real channels, and the coordinator. */
import { expect } from "vitest";
import { z } from "zod";
import { RING_BITS } from "../../shared/base/ring-bits.ts";
import { agreementKey } from "../../shared/crypto/agreement.ts";
import { type Identity, identityFromSecret } from "../../shared/crypto/identity.ts";
import type { AgentSelf } from "../../shared/secagg/agent-batch.ts";
import type { AttemptEffect, AttemptEvent, Spool } from "../../shared/secagg/attempt.ts";
import {
  agreeChannel,
  type Channel,
  decapsulate,
  encapsulate,
  isSignedJoin,
  type Join,
  plainChannel,
  type SessionSecrets,
  signJoin,
} from "../../shared/secagg/channel.ts";
import { openAttempt } from "../../shared/secagg/cohort.ts";
import { step } from "../../shared/secagg/coordinator.ts";
import type { DealtPrekeyBatch } from "../../shared/secagg/coordinator-batch.ts";
import { groupRules, type SumParams } from "../../shared/secagg/params.ts";
import { Bytes, Int, Text } from "./load.ts";

const Width = z.union(RING_BITS.map((bits) => z.literal(bits)));
const Texts = z.array(Text);
export const INPUTS = {
  runId: Text,
  threshold: Int,
  coordinatorSecret: Bytes,
  batch: z.strictObject({ number: Int, firstAttempt: Int, count: Int }),
  place: z.strictObject({
    round: Int,
    attempt: Int,
    dimension: Int,
    ringBits: Width,
    askHash: Bytes,
    transcript: Bytes,
  }),
  survivors: z.array(Int),
  kem: z.array(z.strictObject({ lower: Int, higher: Int, ciphertext: Bytes, secret: Bytes })),
  members: z.array(
    z.strictObject({
      memberId: Text,
      identitySecret: Bytes,
      channelSecret: Bytes,
      kemKey: Bytes,
      draws: z.array(Bytes),
      vector: z.array(Int),
    }),
  ),
};
export const OUTPUTS = {
  ...{ identityKeys: Texts, joinSignatures: Texts, entries: Texts, prekeySignatures: Texts },
  ...{ dealtContext: Text, roundContext: Text, masked: Texts, roots: Texts },
  ...{ maskedSignatures: Texts, inclusion: Text, includedSignature: Text, confirmations: Texts },
  ...{
    ...{ seeds: Texts, shares: Texts, sharesSignatures: Texts },
    ...{ moreShares: Texts, moreSignatures: Texts },
    sum: z.array(Int),
    resultHash: Text,
    nextHead: Text,
  },
};
export type Inputs = z.infer<z.ZodObject<typeof INPUTS>>;

export interface Room {
  readonly sum: SumParams;
  readonly coordinator: Identity;
  readonly joins: readonly Join[];
  readonly members: readonly AgentSelf[];
}

export function roomOf(inputs: Inputs): Room {
  const { runId, threshold, coordinatorSecret, members } = inputs;
  const identities = members.map(({ identitySecret }) => identityFromSecret(identitySecret));
  const coordinator = identityFromSecret(coordinatorSecret);
  const roster = members.map(({ memberId }, i) => ({
    memberId,
    identityKey: identities[i]?.publicKey ?? new Uint8Array(),
  }));
  const keys = { coordinatorKey: coordinator.publicKey, survivorsMin: threshold };
  const sum: SumParams = { ...groupRules(members.length), runId, roster, ...keys };
  expect(sum.threshold).toBe(threshold);
  const joins = members.map(({ memberId, kemKey, channelSecret }, i): Join => {
    const channelKey = agreementKey(channelSecret).publicKey;
    const nonceRoot = new Uint8Array();
    const identity = identities[i];
    if (!identity) throw new Error("no identity");
    return signJoin(runId, memberId, { channelKey, kemKey, nonceRoot }, identity);
  });
  const channels = channelsOf(sum, inputs, joins);
  const selves = identities.map((identity, index) => ({
    index,
    identity,
    channels: channels[index] ?? new Map<number, Channel>(),
  }));
  return { sum, coordinator, joins, members: selves };
}

/** Of each member, its channels with all others, agreed as they agree them, with the vector's ML-KEM. */
function channelsOf(sum: SumParams, { members, kem }: Inputs, joins: readonly Join[]) {
  const channels = members.map(() => new Map<number, Channel>());
  const sideOf = (index: number, kemSecret: Uint8Array) => {
    const join = joins[index];
    const member = members[index];
    if (!join || !member || !isSignedJoin(sum, index, join)) throw new Error("not signed");
    const keyPair = { publicKey: member.kemKey, decapsulate: () => kemSecret };
    const secrets: SessionSecrets = {
      agreement: agreementKey(member.channelSecret),
      kem: member.kemKey.length > 0 ? keyPair : null,
    };
    return { index, join, secrets };
  };
  for (let lower = 0; lower < members.length; lower++) {
    for (let higher = lower + 1; higher < members.length; higher++) {
      const given = kem.find((pair) => pair.lower === lower && pair.higher === higher);
      const secret = given?.secret ?? new Uint8Array();
      const ends = channelBetween(
        sum,
        sideOf(lower, secret),
        sideOf(higher, secret),
        given ?? null,
      );
      channels[lower]?.set(higher, ends.low);
      channels[higher]?.set(lower, ends.high);
    }
  }
  return channels;
}

interface Side {
  readonly index: number;
  readonly join: Join;
  readonly secrets: SessionSecrets;
}

function channelBetween(
  sum: SumParams,
  low: Side,
  high: Side,
  kem: { readonly ciphertext: Uint8Array; readonly secret: Uint8Array } | null,
): { low: Channel; high: Channel } {
  const lowEnd = agreeChannel(sum, low.secrets, low, high);
  const highEnd = agreeChannel(sum, high.secrets, high, low);
  if (!lowEnd || !highEnd) throw new Error("no agreement");
  expect([lowEnd.hybrid, highEnd.hybrid]).toEqual([kem !== null, kem !== null]);
  if (!kem || !high.secrets.kem) return { low: plainChannel(lowEnd), high: plainChannel(highEnd) };
  const keyPair = high.secrets.kem;
  const made = encapsulate(lowEnd, high.join.kemKey, {
    keyPair: () => keyPair,
    encapsulate: () => kem,
  });
  const opened = made && decapsulate(highEnd, keyPair, made.encapsulation);
  if (!made || !opened) throw new Error("no hybrid channel");
  return { low: made.channel, high: opened };
}

function memorySpool(): Spool {
  const parts = new Map<number, Uint8Array[]>();
  return {
    add: (index, bytes) => void parts.set(index, [...(parts.get(index) ?? []), bytes]),
    parts: (index) => parts.get(index) ?? [],
    drop: (index) => void parts.delete(index),
  };
}

/** The coordinator of one attempt, with all that it ever said. */
export function coordinatorOf(room: Room, inputs: Inputs, prekeys: DealtPrekeyBatch) {
  const { sum, coordinator } = room;
  const patience = { workMs: 1000, stepMs: 1000, graceMs: 10 };
  const common = { prekeys, patience, identity: coordinator, certified: null };
  const params = { sum, place: inputs.place, ...common };
  const spool = memorySpool();
  const effects: AttemptEffect[] = [];
  let state = openAttempt(params, 0, []);
  const feed = (event: AttemptEvent, atMs: number): void => {
    const next = step(params, spool, state, event, atMs);
    state = next.state;
    effects.push(...next.effects);
  };
  const said = <T extends AttemptEffect["type"]>(type: T): Extract<AttemptEffect, { type: T }> => {
    const found = effects.find((effect) => effect.type === type);
    if (!found) throw new Error(`${type} was never said: ${effects.map((one) => one.type).join()}`);
    return found as Extract<AttemptEffect, { type: T }>;
  };
  return { feed, said, effects };
}
