/** Plays one attempt between both halves, step by step: who falls silent where is an argument. */
import { sha256 } from "../../shared/crypto/hash.ts";
import * as agent from "../../shared/secagg/agent.ts";
import type { AttemptEffect, AttemptEvent, CoordinatorState } from "../../shared/secagg/attempt.ts";
import { openAttempt } from "../../shared/secagg/cohort.ts";
import { step } from "../../shared/secagg/coordinator.ts";
import { applyMasksInPlace } from "../../shared/secagg/masks.ts";
import { packRing, reduceInPlace } from "../../shared/secagg/ring.ts";
import { memorySpool, type TestRoom } from "./secagg.ts";

/** Where a member falls silent. `never`: it survives. */
export type DropPoint =
  | "never"
  | "beforeReady"
  | "beforeMasked"
  | "beforeConfirmed"
  | "beforeShares";
const ORDER: readonly DropPoint[] = [
  "beforeReady",
  "beforeMasked",
  "beforeConfirmed",
  "beforeShares",
  "never",
];

type Effect<T extends AttemptEffect["type"]> = Extract<AttemptEffect, { type: T }>;

/** The phases that an attempt went through, each with the messages that move it on. */
export interface Stage {
  readonly state: CoordinatorState;
  /** What members say next, in order. */
  readonly events: readonly AttemptEvent[];
}

export interface Played {
  readonly stages: readonly Stage[];
  /** All that the coordinator's half wanted done. */
  readonly effects: readonly AttemptEffect[];
  readonly outcome: Effect<"released" | "aborted"> | null;
}

/** @param vectors By place among the room's members. */
export function playAttempt(
  { params, members }: TestRoom,
  vectors: readonly Uint32Array[],
  drops: readonly DropPoint[],
): Played {
  const spool = memorySpool();
  let state = openAttempt(params, 0, []);
  const stages: Stage[] = [];
  const sent: AttemptEffect[] = [];
  const feed = (event: AttemptEvent, atMs: number): void => {
    const next = step(params, spool, state, event, atMs);
    state = next.state;
    sent.push(...next.effects);
  };
  let atMs = 1;
  const say = (events: readonly AttemptEvent[]): void => {
    const { phase } = state;
    stages.push({ state: asItWas(state), events });
    for (const event of events) feed(event, atMs);
    // A deadline passes where somebody is missing.
    if (state.phase === phase && "deadlineMs" in state) {
      atMs = state.deadlineMs;
      feed({ type: "tick" }, atMs);
    }
  };
  const talking = (from: DropPoint): typeof members =>
    members.filter((_, i) => ORDER.indexOf(drops[i] ?? "never") > ORDER.indexOf(from));
  const effect = <T extends AttemptEffect["type"]>(type: T): Effect<T> | undefined =>
    sent.find((known): known is Effect<T> => known.type === type);
  const states = new Map<number, agent.AgentState>();

  say(
    talking("beforeReady").map(({ self, batch }) => {
      const begun = agent.beginAttempt(batch, params.place);
      if (begun.ok) states.set(self.index, begun.value);
      return { type: "ready", from: self.index, holds: batch.holds };
    }),
  );
  const committed = effect("sendCommit");
  if (committed) {
    say(
      talking("beforeMasked").flatMap(({ self }): AttemptEvent[] => {
        const own = states.get(self.index);
        if (own?.phase !== "working" || !committed.to.includes(self.index)) return [];
        const done = agent.commit(params.sum, self, own, committed.cohort);
        if (!done.ok) throw new Error(done.code);
        const place = members.findIndex((member) => member.self === self);
        const vector = (vectors[place] ?? new Uint32Array()).slice();
        applyMasksInPlace(vector, done.value.masks, params.place.ringBits);
        reduceInPlace(vector, params.place.ringBits);
        const bytes = packRing(vector, params.place.ringBits);
        const root = sha256(bytes);
        const signed = agent.signMasked(self, done.value.state, root);
        states.set(self.index, signed.state);
        const { signature } = signed;
        const from = self.index;
        return [
          { type: "masked", from, root, signature, byteLength: bytes.length },
          { type: "maskedPart", from, bytes },
        ];
      }),
    );
  }
  const included = effect("sendIncluded");
  if (included) {
    say(
      talking("beforeConfirmed").flatMap(({ self }): AttemptEvent[] => {
        const own = states.get(self.index);
        if (own?.phase !== "masked" || !included.to.includes(self.index)) return [];
        const done = agent.include(params.sum, self, own, {
          ...included,
          path: included.paths[included.to.indexOf(self.index)] ?? new Uint8Array(),
        });
        if (!done.ok) throw new Error(done.code);
        states.set(self.index, done.value.state);
        const { confirmation } = done.value;
        return [{ type: "confirmed", from: self.index, confirmation }];
      }),
    );
  }
  if (effect("sendCertificate")) {
    say(
      talking("beforeShares").flatMap(({ self }): AttemptEvent[] => {
        const own = states.get(self.index);
        const certificate = sent.find(
          (known): known is Effect<"sendCertificate"> =>
            known.type === "sendCertificate" && known.to === self.index,
        )?.certificate;
        if (own?.phase !== "confirmed" || !certificate) return [];
        const done = agent.reveal(params.sum, self, own, certificate);
        if (!done.ok) throw new Error(done.code);
        states.set(self.index, done.value.state);
        return [{ type: "shares", from: self.index, ...done.value.revealed }];
      }),
    );
  }
  const asked = effect("askShares");
  if (asked) {
    say(
      members.flatMap(({ self }): AttemptEvent[] => {
        const own = states.get(self.index);
        if (own?.phase !== "revealed" || !asked.to.includes(self.index)) return [];
        const done = agent.revealMore(self, own, asked.of);
        if (!done.ok) throw new Error(done.code);
        return [{ type: "shares", from: self.index, ...done.value.revealed }];
      }),
    );
  }
  const expand = effect("expand");
  if (expand) {
    const masks = new Uint32Array(params.place.dimension);
    applyMasksInPlace(masks, expand.masks, params.place.ringBits);
    say([{ type: "expanded", masks }]);
  }
  return { stages, effects: sent, outcome: effect("released") ?? effect("aborted") ?? null };
}

/** As it was: the running sum is overwritten later, the rest is replaced. */
function asItWas(state: CoordinatorState): CoordinatorState {
  return "sum" in state ? { ...state, sum: state.sum.slice() } : state;
}
