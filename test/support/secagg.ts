/** Drives both halves of secure aggregation in memory: who drops out where is an argument. */

import { utf8 } from "../../shared/base/bytes.ts";
import { type Rng, randomBytes } from "../../shared/base/env.ts";
import { agreementKey } from "../../shared/crypto/agreement.ts";
import { sha256 } from "../../shared/crypto/hash.ts";
import { identityFromSecret } from "../../shared/crypto/identity.ts";
import * as agent from "../../shared/secagg/agent.ts";
import type { AttemptEffect, AttemptEvent, Patience } from "../../shared/secagg/attempt.ts";
import * as coordinator from "../../shared/secagg/coordinator.ts";
import { channelKey } from "../../shared/secagg/keys.ts";
import { applyMasksInPlace } from "../../shared/secagg/masks.ts";
import { type AttemptParams, shareThreshold } from "../../shared/secagg/params.ts";
import { packRing, type RingBits, reduceInPlace } from "../../shared/secagg/ring.ts";

export const PATIENCE: Patience = { workMs: 1000, stepMs: 1000, graceMs: 10 };

/** Where a member falls silent. `never`: it survives. */
export type DropPoint = "never" | "beforeReady" | "beforeMasked" | "beforeShares";

export interface TestRoom {
  readonly params: AttemptParams;
  readonly members: readonly agent.AgentSelf[];
}

export function buildRoom(
  memberCount: number,
  dimension: number,
  ringBits: RingBits,
  rng: Rng,
): TestRoom {
  const ids = Array.from({ length: memberCount }, (_, i) => `member-${String(i).padStart(2, "0")}`);
  const identities = ids.map(() => identityFromSecret(randomBytes(rng, 32)));
  const keys = ids.map(() => agreementKey(randomBytes(rng, 32)));
  const members = ids.map((memberId, i): agent.AgentSelf => {
    const channels = new Map<string, agent.Channel>();
    for (const [j, peer] of ids.entries()) {
      const own = keys[i];
      const other = keys[j];
      if (i === j || !own || !other) continue;
      const sendKey = channelKey(own, other.publicKey, "run", memberId, peer);
      const receiveKey = channelKey(own, other.publicKey, "run", peer, memberId);
      if (sendKey && receiveKey) channels.set(peer, { sendKey, receiveKey });
    }
    const identity = identities[i];
    if (!identity) throw new Error("no identity");
    return { memberId, identity, channels };
  });
  const threshold = shareThreshold(memberCount);
  const roster = members.map(({ memberId, identity }) => ({
    memberId,
    identityKey: identity.publicKey,
  }));
  const askHash = sha256(utf8("ask"));
  const common = {
    runId: "run",
    round: 1,
    attempt: 1,
    askHash,
    roster,
    threshold,
    survivorsMin: threshold,
  };
  return { params: { ...common, dimension, ringBits }, members };
}

export interface Played {
  readonly outcome: Extract<AttemptEffect, { type: "released" | "aborted" }> | null;
  /** Every share an agent revealed: revealer, of whom, and whether `of` was named a survivor. */
  readonly reveals: readonly { by: string; of: string; survived: boolean }[];
}

export function playAttempt(
  room: TestRoom,
  vectors: readonly Uint32Array[],
  drops: readonly DropPoint[],
  rng: Rng,
): Played {
  const { params, members } = room;
  let state = coordinator.openAttempt(PATIENCE, 0, []);
  let outcome: Played["outcome"] = null;
  const reveals: { by: string; of: string; survived: boolean }[] = [];
  const sent: AttemptEffect[] = [];
  const feed = (event: AttemptEvent, atMs: number): void => {
    const next = coordinator.step(params, PATIENCE, state, event, atMs);
    state = next.state;
    for (const effect of next.effects) {
      sent.push(effect);
      if (effect.type === "released" || effect.type === "aborted") outcome = effect;
    }
  };
  const alive = (i: number, upTo: DropPoint[]): boolean => upTo.includes(drops[i] ?? "never");
  const working = members.map((self) => agent.beginAttempt(params, self, rng));
  members.forEach((self, i) => {
    const begun = working[i];
    if (!begun) return;
    feed({ type: "prekeys", from: self.memberId, maskKey: begun.maskKey, shares: begun.shares }, 1);
    if (!alive(i, ["never", "beforeMasked", "beforeShares"])) return;
    const signature = agent.signReady(params, self, begun.state);
    feed({ type: "ready", from: self.memberId, maskKey: begun.maskKey, signature }, 1);
  });
  // Deadlines pass only where somebody is missing.
  if (!sent.some(({ type }) => type === "sendCommit")) feed({ type: "tick" }, 1000);
  const maskedAtMs = state.phase === "collectMasked" ? state.deadlineMs - 1 : 0;
  const masked: (agent.Masked | null)[] = members.map(() => null);
  members.forEach((self, i) => {
    const order = sent.find(
      (effect) => effect.type === "sendCommit" && effect.to === self.memberId,
    );
    const begun = working[i];
    if (order?.type !== "sendCommit" || !begun || !alive(i, ["never", "beforeShares"])) return;
    const committed = agent.commit(params, self, begun.state, order.cohort);
    if (!committed.ok) throw new Error(committed.code);
    const vector = (vectors[i] ?? new Uint32Array()).slice();
    applyMasksInPlace(vector, committed.value.masks, params.ringBits);
    reduceInPlace(vector, params.ringBits);
    const packed = packRing(vector, params.ringBits);
    const root = sha256(packed);
    masked[i] = committed.value.state;
    const signature = agent.signMasked(self, committed.value.state, root);
    feed({ type: "masked", from: self.memberId, root, signature, vector: packed }, maskedAtMs);
  });
  if (!sent.some(({ type }) => type === "sendIncluded")) feed({ type: "tick" }, maskedAtMs + 1);
  members.forEach((self, i) => {
    const order = sent.find((effect) => effect.type === "sendIncluded");
    const own = masked[i];
    if (order?.type !== "sendIncluded" || !own || !alive(i, ["never"])) return;
    const revealed = agent.reveal(params, self, own, order.survivors);
    if (!revealed.ok) throw new Error(revealed.code);
    const { shares, signature } = revealed.value;
    for (const { of } of shares)
      reveals.push({ by: self.memberId, of, survived: order.survivors.includes(of) });
    feed({ type: "shares", from: self.memberId, shares, signature }, maskedAtMs + 2);
  });
  feed({ type: "tick" }, 5000);
  return { outcome, reveals };
}
