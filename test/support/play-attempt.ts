/** Plays one attempt at a sum among members in memory, both halves for real; who drops out where is an argument. */
import { sha256 } from "../../shared/crypto/hash.ts";
import * as agent from "../../shared/secagg/agent.ts";
import type { AttemptEffect, AttemptEvent, CoordinatorState } from "../../shared/secagg/attempt.ts";
import { openAttempt } from "../../shared/secagg/cohort.ts";
import { step } from "../../shared/secagg/coordinator.ts";
import { applyMasksInPlace } from "../../shared/secagg/masks.ts";
import type { AttemptPlace } from "../../shared/secagg/params.ts";
import { packRing, reduceInPlace } from "../../shared/secagg/ring.ts";
import { attemptOf, type DealtRoom, memorySpool, PATIENCE } from "./aggregation-room.ts";

/** Where a member falls silent. */
export type DropPoint = "never" | "beforeReady" | "beforeMasked" | "beforeConfirm" | "beforeShares";
const ORDER: readonly DropPoint[] = [
  "beforeReady",
  "beforeMasked",
  "beforeConfirm",
  "beforeShares",
  "never",
];

/** Measures a piece of the work, or just does it. */
export type Measure = <T>(part: string, body: () => T) => T;
const justDo: Measure = (_, body) => body();

export interface Played {
  readonly outcome: Extract<AttemptEffect, { type: "released" | "aborted" }> | null;
  readonly effects: readonly AttemptEffect[];
}

/** @param vectorOf A member's ring elements; a fresh copy, masked in place. */
export function playAttempt(
  room: DealtRoom,
  place: AttemptPlace,
  vectorOf: (index: number) => Uint32Array,
  dropOf: (index: number) => DropPoint,
  measure: Measure = justDo,
): Played {
  const play = new Play(room, place, measure);
  const alive = (point: DropPoint): number[] =>
    room.selves
      .map(({ index }) => index)
      .filter((index) => ORDER.indexOf(dropOf(index)) > ORDER.indexOf(point));
  play.ready(alive("beforeReady"));
  play.masked(alive("beforeMasked"), vectorOf);
  play.confirm(alive("beforeConfirm"));
  play.shares(alive("beforeShares"));
  return { outcome: play.outcome, effects: play.effects };
}

class Play {
  readonly effects: AttemptEffect[] = [];
  outcome: Played["outcome"] = null;
  readonly #room: DealtRoom;
  readonly #place: AttemptPlace;
  readonly #measure: Measure;
  readonly #states: agent.AgentState[];
  readonly #spool = memorySpool();
  readonly #params;
  #state: CoordinatorState;
  #atMs = 0;

  constructor(room: DealtRoom, place: AttemptPlace, measure: Measure) {
    this.#room = room;
    this.#place = place;
    this.#measure = measure;
    this.#params = attemptOf(room, place);
    this.#state = openAttempt(this.#params, 0, []);
    this.#states = room.batches.map((batch) => agreed(agent.beginAttempt(batch, place)));
  }

  ready(members: readonly number[]): void {
    for (const from of members)
      this.#feed({ type: "ready", from, holds: this.#room.batches[from]?.holds ?? [] });
    this.#expire("sendCommit");
  }

  masked(members: readonly number[], vectorOf: (index: number) => Uint32Array): void {
    const order = this.#sent("sendCommit");
    for (const from of members) {
      const self = this.#room.selves[from];
      const state = this.#states[from];
      if (!order?.to.includes(from) || !self || state?.phase !== "working") continue;
      const { sum } = this.#room;
      const vector = vectorOf(from);
      const { next, root, packed, signature } = this.#measure("mask", () => {
        const committed = agreed(agent.commit(sum, self, state, order.cohort));
        applyMasksInPlace(vector, committed.masks, this.#place.ringBits);
        reduceInPlace(vector, this.#place.ringBits);
        const bytes = packRing(vector, this.#place.ringBits);
        const hash = sha256(bytes);
        const signed = agent.signMasked(self, committed.state, hash);
        return { next: signed.state, root: hash, packed: bytes, signature: signed.signature };
      });
      this.#states[from] = next;
      this.#feed({ type: "masked", from, root, signature, byteLength: packed.length });
      this.#feed({ type: "maskedPart", from, bytes: packed });
    }
    this.#expire("sendIncluded");
  }

  confirm(members: readonly number[]): void {
    const order = this.#sent("sendIncluded");
    for (const from of members) {
      const self = this.#room.selves[from];
      const state = this.#states[from];
      if (!order?.to.includes(from) || !self || state?.phase !== "masked") continue;
      const path = order.paths[order.to.indexOf(from)] ?? new Uint8Array();
      const included = this.#measure("confirm", () =>
        agreed(agent.include(this.#room.sum, self, state, { ...order, path })),
      );
      this.#states[from] = included.state;
      this.#feed({ type: "confirmed", from, confirmation: included.confirmation });
    }
    this.#expire("sendCertificate");
  }

  shares(members: readonly number[]): void {
    for (const from of members) {
      const order = this.effects.find(
        (effect) => effect.type === "sendCertificate" && effect.to === from,
      );
      const self = this.#room.selves[from];
      const state = this.#states[from];
      if (order?.type !== "sendCertificate" || !self || state?.phase !== "confirmed") continue;
      const revealed = this.#measure("reveal", () =>
        agreed(agent.reveal(this.#room.sum, self, state, order.certificate)),
      );
      this.#states[from] = revealed.state;
      this.#feed({ type: "shares", from, ...revealed.revealed });
    }
    if (!this.outcome) this.#tickToDeadline();
    this.#more();
  }

  /** Survivors that fell silent after the certificate: the others give out shares of their seeds. */
  #more(): void {
    const asked = this.#sent("askShares");
    for (const from of asked?.to ?? []) {
      const self = this.#room.selves[from];
      const state = this.#states[from];
      if (!asked || !self || state?.phase !== "revealed") continue;
      const { revealed } = this.#measure("reveal", () =>
        agreed(agent.revealMore(self, state, asked.of)),
      );
      this.#feed({ type: "shares", from, ...revealed });
    }
    if (asked && !this.outcome) this.#tickToDeadline();
  }

  #feed(event: AttemptEvent): void {
    const part = event.type === "shares" || event.type === "expanded" ? "unmask" : "ingest";
    const next = this.#measure(part, () =>
      step(this.#params, this.#spool, this.#state, event, this.#atMs),
    );
    this.#state = next.state;
    for (const effect of next.effects) {
      this.effects.push(effect);
      if (effect.type === "released" || effect.type === "aborted") this.outcome = effect;
      if (effect.type === "expand") {
        const masks = new Uint32Array(this.#place.dimension);
        this.#measure("unmask", () => applyMasksInPlace(masks, effect.masks, this.#place.ringBits));
        this.#feed({ type: "expanded", masks });
      }
    }
  }

  /** Deadlines pass only where somebody is missing. */
  #expire(awaited: AttemptEffect["type"]): void {
    if (!this.effects.some(({ type }) => type === awaited) && !this.outcome) this.#tickToDeadline();
  }

  #tickToDeadline(): void {
    this.#atMs += PATIENCE.workMs + PATIENCE.stepMs;
    this.#feed({ type: "tick" });
  }

  #sent<T extends AttemptEffect["type"]>(type: T): Extract<AttemptEffect, { type: T }> | undefined {
    const found = this.effects.find((effect) => effect.type === type);
    return found as Extract<AttemptEffect, { type: T }> | undefined;
  }
}

function agreed<T>(outcome: agent.Outcome<T>): T {
  if (!outcome.ok) throw new Error(`an honest member refused: ${outcome.code}`);
  return outcome.value;
}
