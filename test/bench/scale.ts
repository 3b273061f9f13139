/**
 * EDGE: ten thousand simulated agents on the random regular graph: both halves for real, one after the other in
 * this process, a twentieth of them gone before they send. Takes some minutes on one core.
 */
import { setFlagsFromString } from "node:v8";
import { sha256 } from "../../shared/crypto/hash.ts";
import { osRng } from "../../shared/edge/os.ts";
import * as agent from "../../shared/secagg/agent.ts";
import {
  type AgentBatch,
  type AgentSelf,
  dealBatch,
  takeShares,
} from "../../shared/secagg/agent-batch.ts";
import type {
  AttemptEffect,
  AttemptEvent,
  CoordinatorState,
  Spool,
} from "../../shared/secagg/attempt.ts";
import { openAttempt } from "../../shared/secagg/cohort.ts";
import { step } from "../../shared/secagg/coordinator.ts";
import {
  bundleFor,
  closeDealing,
  type Dealing,
  readDealing,
} from "../../shared/secagg/coordinator-batch.ts";
import { applyMasksInPlace } from "../../shared/secagg/masks.ts";
import { packRing } from "../../shared/secagg/ring.ts";
import { attemptOf, PATIENCE, placeOf } from "../support/aggregation-room.ts";
import { batchOf, type Group, pick, unsafeChannel, unsafeGroup } from "../support/group.ts";
import type { BenchResult } from "./format.ts";

const MEMBERS = 10_000;
const DIMENSION = 100_000;
const DROPPED = MEMBERS / 20;
const BITS = 24;
/** For a twentieth corrupt (2^−40); a larger committee costs each agent 0.14 ms a member more. */
const COMMITTEE = 66;

/** Masked vectors are counted and forgotten: memory is what is to be seen. */
const noSpool: Spool = { add: () => undefined, parts: () => [], drop: () => undefined };

const spent = { dealing: 0, masking: 0, rest: 0, coordinator: 0, unmasking: 0 };

function timed<T>(part: keyof typeof spent, body: () => T): T {
  const before = process.cpuUsage();
  const result = body();
  const { user, system } = process.cpuUsage(before);
  spent[part] += (user + system) / 1000;
  return result;
}

export async function scaleBench(): Promise<BenchResult[]> {
  setFlagsFromString("--max-old-space-size=14000");
  // Channels are made when needed: those of all agents at once are what no one machine ever holds.
  const group = unsafeGroup(
    MEMBERS,
    "scale",
    {
      confirmersMax: COMMITTEE,
      confirmationsMin: Math.floor((2 * COMMITTEE) / 3) + 1,
      survivorsMin: Math.floor((2 * MEMBERS) / 3) + 1,
    },
    () => [],
  );
  const batch = batchOf(group, { number: 0, firstAttempt: 0, count: 1 });
  const selfOf = (index: number) => {
    const peers = batch.graph.neighbours(index);
    const channels = new Map(peers.map((peer) => [peer, unsafeChannel("scale", index, peer)]));
    return { ...pick(group.members, index), channels };
  };
  const { prekeys, batches } = deal(group, batch, selfOf);
  say("dealt");
  const outcome = play(group, prekeys, batches);
  if (outcome?.type !== "released" || outcome.survivors.size !== MEMBERS - DROPPED)
    throw new Error(`not released: ${outcome?.type}`);
  for (let i = 0; i < DIMENSION; i++)
    if (outcome.sum[i] !== expectedAt(i)) throw new Error("the opened sum is wrong");
  return figures();
}

type SelfOf = (index: number) => AgentSelf;

function deal(group: Group, batch: ReturnType<typeof batchOf>, selfOf: SelfOf) {
  const dealings = new Map<number, Dealing>();
  const dealt = batch.members.map((index) => {
    const self = selfOf(index);
    const made = timed("dealing", () => dealBatch(group.sum, self, batch, osRng));
    const { entries, signature } = made;
    const read = timed("coordinator", () =>
      readDealing(group.sum, batch, index, entries, signature),
    );
    if (!read) throw new Error("dealing failed");
    dealings.set(index, read);
    return { ...made.state, channels: new Map() };
  });
  const prekeys = closeDealing(group.sum, batch, dealings);
  const batches = batch.members.map((index): AgentBatch => {
    const self = selfOf(index);
    const bundle = timed("coordinator", () => bundleFor(prekeys, index));
    const state = { ...pick(dealt, index), channels: self.channels };
    const taken = timed("dealing", () => takeShares(group.sum, self, state, bundle));
    if (!taken || taken.faulty.length > 0) throw new Error("shares did not open");
    return { ...taken.state, channels: new Map() };
  });
  return { prekeys, batches };
}

/** Member i sends the number i + j at place j: the sum says who was counted. */
const valueAt = (member: number, place: number): number => member + place;

function expectedAt(place: number): number {
  const count = MEMBERS - DROPPED;
  const members = (count * (DROPPED + MEMBERS - 1)) / 2;
  return (members + count * place) % 2 ** BITS;
}

function play(
  group: Group,
  prekeys: ReturnType<typeof closeDealing>,
  batches: readonly AgentBatch[],
): AttemptEffect | null {
  const { sum, members, coordinator } = group;
  const place = placeOf(DIMENSION, BITS);
  const params = attemptOf({ sum, coordinator, prekeys }, place);
  let state: CoordinatorState = openAttempt(params, 0, []);
  const effects: AttemptEffect[] = [];
  const feed = (event: AttemptEvent, atMs = 1): void => {
    const part = event.type === "shares" || event.type === "expanded" ? "unmasking" : "coordinator";
    const next = timed(part, () => step(params, noSpool, state, event, atMs));
    state = next.state;
    effects.push(...next.effects);
  };
  const find = <T extends AttemptEffect["type"]>(type: T) =>
    effects.find((effect): effect is Extract<AttemptEffect, { type: T }> => effect.type === type);
  const working = batches.map((batch) => agreed(agent.beginAttempt(batch, place)));
  for (const { index } of members)
    feed({ type: "ready", from: index, holds: pick(batches, index).holds });
  say("ready");
  const { cohort } = find("sendCommit") ?? { cohort: [] };
  const masked = new Map<number, agent.Masked>();
  for (const self of members.slice(DROPPED)) {
    const from = self.index;
    const vector = new Uint32Array(DIMENSION).map((_, j) => valueAt(from, j));
    const sent = timed("masking", () => {
      const committed = agreed(agent.commit(sum, self, pick(working, from), cohort));
      applyMasksInPlace(vector, committed.masks, BITS);
      const bytes = packRing(vector, BITS);
      return { bytes, ...agent.signMasked(self, committed.state, sha256(bytes)) };
    });
    masked.set(from, sent.state);
    const { bytes, signature } = sent;
    const root = sent.state.root ?? new Uint8Array();
    feed({ type: "masked", from, root, signature, byteLength: bytes.length });
    feed({ type: "maskedPart", from, bytes });
    if (from % 1000 === 0) say(`masked ${from}`);
  }
  feed({ type: "tick" }, PATIENCE.workMs + PATIENCE.stepMs);
  const inclusion = find("sendIncluded");
  if (!inclusion) return null;
  const confirmed = [...masked].map(([from, own]) => {
    const self = pick(members, from);
    const path = inclusion.paths[inclusion.to.indexOf(from)] ?? new Uint8Array();
    const next = timed("rest", () => agreed(agent.include(sum, self, own, { ...inclusion, path })));
    const { confirmation } = next;
    if (prekeys.batch.committee.has(from)) feed({ type: "confirmed", from, confirmation });
    return { self, state: next.state };
  });
  say("confirmed");
  const certificates = new Map(
    effects.flatMap((effect) =>
      effect.type === "sendCertificate" ? [[effect.to, effect.certificate] as const] : [],
    ),
  );
  for (const { self, state: own } of confirmed) {
    const certificate = certificates.get(self.index);
    if (!certificate) throw new Error("no certificate");
    const { revealed } = timed("rest", () => agreed(agent.reveal(sum, self, own, certificate)));
    if (state.phase === "collectShares") feed({ type: "shares", from: self.index, ...revealed });
  }
  say("revealed");
  const expand = find("expand");
  if (!expand) return null;
  const masks = new Uint32Array(DIMENSION);
  timed("unmasking", () => applyMasksInPlace(masks, expand.masks, BITS));
  feed({ type: "expanded", masks });
  return find("released") ?? null;
}

function agreed<T>(outcome: agent.Outcome<T>): T {
  if (!outcome.ok) throw new Error(`an honest member refused: ${outcome.code}`);
  return outcome.value;
}

function say(what: string): void {
  const megabytes = Math.round(process.memoryUsage().rss / 2 ** 20);
  process.stderr.write(
    `${performance.now().toFixed(0).padStart(8)} ms  ${what}, ${megabytes} MB\n`,
  );
}

function figures(): BenchResult[] {
  const none = { target: null, limit: null };
  const each = (ms: number): number => ms / MEMBERS;
  return [
    {
      name: "agent: keys and shares, CPU",
      value: each(spent.dealing),
      unit: "ms",
      ...none,
      target: 12,
    },
    {
      name: "agent: masks (k = 90, 100k), CPU",
      value: each(spent.masking),
      unit: "ms",
      ...none,
      target: 25,
    },
    {
      name: `agent: confirm and reveal (committee ${COMMITTEE}), CPU`,
      value: each(spent.rest),
      unit: "ms",
      ...none,
    },
    {
      name: "coordinator: prekeys, sums, states, CPU",
      value: spent.coordinator / 1000,
      unit: "s",
      ...none,
    },
    {
      name: "coordinator: unmasking, 500 dropped, CPU",
      value: spent.unmasking / 1000,
      unit: "s",
      ...none,
    },
    { name: "simulated agents", value: MEMBERS, unit: "agents", target: null, limit: null },
  ];
}
