/**
 * One member's site: the real `Member` with a virtual gate and wire. A crash forgets the process's memory;
 * the ledger, the pinned keys and the signed evidence are on disk and stay.
 */
import type { FromGate, ToGate } from "../../agent/gate/messages.ts";
import { Member } from "../../agent/member.ts";
import type { MemberEvent } from "../../agent/member-events.ts";
import type { Rng } from "../../shared/base/env.ts";
import type { RingBits } from "../../shared/base/ring-bits.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import { NO_POLICY } from "../../shared/charter/policy/local-policy.ts";
import type { Identity } from "../../shared/crypto/identity.ts";
import type { AgentMessage } from "../../shared/protocol/messages.ts";
import type { Mask } from "../../shared/secagg/masks.ts";
import type { SignedEntry } from "../../shared/transcript/chain.ts";
import { NO_PROPOSALS } from "../support/whole-run.ts";
import type { Conditions } from "./conditions.ts";
import { unsafeSeededRng } from "./dice.ts";
import { unsafeKem } from "./kem.ts";
import type { VirtualLink } from "./link.ts";
import { MemoryLedger, VirtualGate } from "./virtual-gate.ts";
import type { VirtualTime } from "./virtual-time.ts";

export interface AgentParams {
  readonly seed: string;
  readonly memberId: string;
  readonly index: number;
  readonly identity: Identity;
  readonly charter: Charter;
  readonly coordinatorKey: string;
  readonly dimension: number;
  readonly ringBits: RingBits;
  readonly link: VirtualLink;
  readonly time: VirtualTime;
  readonly conditions: () => Conditions;
  /** Sees, and may change, what leaves. */
  readonly send: (message: AgentMessage, sealed: Uint8Array | undefined) => void;
  readonly report: (event: MemberEvent) => void;
  readonly onWork: (attempt: number) => void;
  readonly onSeal: (attempt: number, masks: readonly Mask[]) => void;
  /** Planted bugs. */
  readonly masks?: ((masks: readonly Mask[]) => readonly Mask[]) | undefined;
  readonly makeLedger?: (() => MemoryLedger) | undefined;
}

export class VirtualAgent {
  readonly params: AgentParams;
  readonly ledger: MemoryLedger;
  readonly evidence: SignedEntry[] = [];
  #answeredBefore: ReadonlyMap<string, number> = new Map();
  readonly #pins = new Map<string, string>();
  #starts = 0;
  #isUp = false;

  constructor(params: AgentParams) {
    this.params = params;
    this.ledger = params.makeLedger?.() ?? new MemoryLedger();
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Was the round answered by an earlier process, so that this one cannot know over whom it was opened? */
  hasForgotten(runId: string, round: number): boolean {
    return round <= (this.#answeredBefore.get(runId) ?? -1);
  }

  start(): void {
    if (this.#isUp) return;
    this.#starts += 1;
    this.#isUp = true;
    this.#answeredBefore = this.ledger.lastRounds();
    const { memberId, seed, link } = this.params;
    const member = this.#makeMember(unsafeSeededRng(`${seed}/${memberId}/${this.#starts}`));
    link.setAgent({
      onDelivery: (delivery) => member.deliver(delivery),
      onNewSession: () => member.reset(),
    });
  }

  crash(): void {
    this.#isUp = false;
    this.params.link.setAgent(null);
  }

  #makeMember(rng: Rng): Member {
    const { memberId, charter, identity, coordinatorKey, send, report } = this.params;
    const start = this.#starts;
    const alive = (): boolean => this.#isUp && this.#starts === start;
    const gate = this.#makeGate(alive);
    return new Member({
      memberId,
      charter,
      identity,
      coordinatorKey,
      vault: {
        pinnedKeys: () => this.#pins,
        pinKey: (id, key) => void (this.#pins.has(id) || this.#pins.set(id, key)),
        record: (entry) => void this.evidence.push(entry),
        ...NO_PROPOSALS,
      },
      clock: this.params.time,
      policy: () => NO_POLICY,
      gate: (message: ToGate, answer: (reply: FromGate) => void) => gate.request(message, answer),
      rng,
      kem: unsafeKem(rng),
      send: (message, sealed) => alive() && send(message, sealed),
      report: (event) => alive() && report(event),
    });
  }

  /** Answers in order, as a thread with one queue does. */
  #makeGate(alive: () => boolean): VirtualGate {
    const { seed, index, dimension, ringBits, time, conditions, memberId } = this.params;
    const { onWork, onSeal, masks } = this.params;
    let freeAtMs = 0;
    return new VirtualGate({
      seed,
      index,
      dimension,
      ringBits,
      ledger: this.ledger,
      onWork,
      onSeal,
      masks,
      later: (what, answer) => {
        const takesMs = what === "work" ? conditions().workMs(memberId) : 1;
        freeAtMs = Math.max(freeAtMs, time.nowMs()) + takesMs;
        time.at(freeAtMs, () => alive() && answer());
      },
    });
  }
}
