/**
 * The coordinator's half of a private matching: brings members together, carries sealed chunks from each to the next,
 * lets the last sets come only when everybody has one, and counts. Keeps no chunk: what is lost is sent again by whom
 * it came from. Pure: messages and times in, messages out.
 */
import { assert } from "../base/assert.ts";
import { equalBytes } from "../base/bytes.ts";
import type { Rng } from "../base/env.ts";
import { verifySignature } from "../crypto/identity.ts";
import { isSignedMatchJoin, joinsHash, type MatchJoin, readyStatement } from "./channel.ts";
import type { MatchFault, MatchReason, MemberMatchMessage, RelayMatchMessage } from "./messages.ts";
import {
  checkMatchParams,
  chunkBytes,
  chunkCount,
  isLastHolder,
  type MatchParams,
  stepOf,
  successor,
} from "./params.ts";
import { type MatchCounts, MatchTally } from "./tally.ts";

export type RelayEffect =
  | { readonly type: "send"; readonly to: number; readonly message: RelayMatchMessage }
  | { readonly type: "counted"; readonly counts: MatchCounts }
  | { readonly type: "failed"; readonly reason: MatchReason };

type From<T extends MemberMatchMessage["type"]> = Extract<MemberMatchMessage, { type: T }>;

export interface MatchRelayParams {
  readonly match: MatchParams;
  /** How long nothing may happen. */
  readonly patienceMs: number;
  /** The operating system's. */
  readonly rng: Rng;
}

export class MatchRelay {
  readonly #params: MatchRelayParams;
  readonly #joins = new Map<number, MatchJoin>();
  readonly #ready = new Map<number, Uint8Array>();
  readonly #counts = new Map<number, number>();
  /** Chunks carried, by owner and by the step from which they came. */
  readonly #carried: number[][];
  /** As many as ever were: what is sent again gets nobody on. */
  readonly #reached: number[][];
  /** Of each set who has said that it has all of it: whoever it came from has let go, and need not send it again. */
  readonly #takenBy: readonly Set<number>[];
  #tally: MatchTally | null = null;
  #phase: "joining" | "passing" | "releasing" | "over" = "joining";
  #movedAtMs: number;
  /** Why it is over; null: with an answer, or it is not. */
  #reason: MatchReason | null = null;

  constructor(params: MatchRelayParams, nowMs: number) {
    checkMatchParams(params.match);
    const { roster } = params.match;
    this.#params = params;
    const noneYet = () => roster.map(() => new Array<number>(roster.length).fill(0));
    this.#carried = noneYet();
    this.#reached = noneYet();
    this.#takenBy = roster.map(() => new Set());
    this.#movedAtMs = nowMs;
  }

  get isOver(): boolean {
    return this.#phase === "over";
  }

  /** Chunks carried, of how many in all. */
  get progress(): { readonly done: number; readonly total: number } {
    const done = this.#carried.flat().reduce((sum, count) => sum + count, 0);
    return { done, total: this.#size ** 2 * chunkCount(this.#params.match) };
  }

  /** @param from Index of a member that has proved who it is. */
  hear(from: number, message: MemberMatchMessage, nowMs: number): RelayEffect[] {
    if (this.#phase === "over") {
      const end = { type: "matchEnded", reason: this.#reason } as const;
      return message.type === "matchHeld" ? [this.#to(from, end)] : [];
    }
    assert(from >= 0 && from < this.#size, "members are of the roster");
    switch (message.type) {
      case "matchJoined":
        return this.#join(from, message, nowMs);
      case "matchChunk":
        return this.#carry(from, message, nowMs);
      case "matchTaken":
        return this.#taken(from, message.owner);
      case "matchReady":
        return this.#isReady(from, message.signature, nowMs);
      case "matchCount":
        return this.#count(from, message.masked, nowMs);
      case "matchHeld":
        return this.#resume(from, message.held);
      case "matchFailed":
        return this.#fail(message.code, message.member);
    }
  }

  /** A member is gone for good, or has lost its keys: nobody can go on without. */
  left(member: number): RelayEffect[] {
    return this.#phase === "over" ? [] : this.#fail("memberLeft", member);
  }

  cancel(): RelayEffect[] {
    return this.#phase === "over" ? [] : this.#fail("cancelled", null);
  }

  tick(nowMs: number): RelayEffect[] {
    const isLate = nowMs >= this.#movedAtMs + this.#params.patienceMs;
    return this.#phase === "over" || !isLate ? [] : this.#fail("timedOut", this.#awaited());
  }

  get #size(): number {
    return this.#params.match.roster.length;
  }

  #join(from: number, { channelKey, signature }: MatchJoin, nowMs: number): RelayEffect[] {
    const { match } = this.#params;
    const known = this.#joins.get(from);
    if (known && equalBytes(known.channelKey, channelKey)) return [];
    // A second key is that of a member that has lost the first, and with it all that was masked.
    if (known) return this.left(from);
    if (!isSignedMatchJoin(match, from, { channelKey, signature }))
      return this.#fail("badJoin", from);
    this.#joins.set(from, { channelKey, signature });
    this.#movedAtMs = nowMs;
    if (this.#joins.size < this.#size) return [];
    this.#phase = "passing";
    return this.#toAll(this.#members());
  }

  #members(): RelayMatchMessage {
    return { type: "matchMembers", joins: this.#orderedJoins() };
  }

  #orderedJoins(): MatchJoin[] {
    return this.#params.match.roster.map((_, i) => {
      const join = this.#joins.get(i);
      assert(join !== undefined, "everybody has joined");
      return join;
    });
  }

  #carry(from: number, { owner, index, bytes }: From<"matchChunk">, nowMs: number): RelayEffect[] {
    const { match } = this.#params;
    const steps = this.#carried[owner];
    const step = stepOf(match, owner, from);
    if (!steps || this.#phase === "joining") return [];
    // Sent once more, or ahead of what was lost: normal.
    if (index !== steps[step] || index >= chunkCount(match)) return [];
    if (bytes.length !== chunkBytes(match, owner, from, index))
      return this.#fail("wrongCount", from);
    const last = isLastHolder(match, owner, from);
    if (last && this.#phase !== "releasing") return [];
    steps[step] = index + 1;
    this.#reach(owner, step, nowMs);
    if (!last)
      return [this.#to(successor(match, from), { type: "matchChunk", owner, index, bytes })];
    this.#tally ??= new MatchTally(match, this.#params.rng);
    return this.#tally.add(owner, bytes) ? this.#finish() : this.#fail("repeatedPoint", from);
  }

  #reach(owner: number, step: number, nowMs: number): void {
    const [carried = 0, reached] = [this.#carried[owner]?.[step], this.#reached[owner]];
    if (!reached || carried <= (reached[step] ?? 0)) return;
    reached[step] = carried;
    this.#movedAtMs = nowMs;
  }

  #taken(from: number, owner: number): RelayEffect[] {
    const takenBy = this.#takenBy[owner];
    if (!takenBy || owner === from) return [];
    const { match } = this.#params;
    const sender = (from + this.#size - 1) % this.#size;
    const sent = this.#carried[owner]?.[stepOf(match, owner, sender)];
    if (sent !== chunkCount(match)) return [];
    takenBy.add(from);
    return [this.#to(sender, { type: "matchTaken", owner })];
  }

  #isReady(from: number, signature: Uint8Array, nowMs: number): RelayEffect[] {
    const { match } = this.#params;
    if (this.#phase !== "passing") return [];
    const statement = readyStatement(match, joinsHash(match, this.#orderedJoins()), from);
    const { identityKey } = match.roster[from] ?? { identityKey: new Uint8Array() };
    if (!verifySignature(identityKey, statement, signature)) return this.#fail("badReady", from);
    this.#ready.set(from, signature);
    this.#movedAtMs = nowMs;
    if (this.#ready.size < this.#size) return [];
    this.#phase = "releasing";
    return this.#toAll(this.#release());
  }

  #release(): RelayMatchMessage {
    const { roster } = this.#params.match;
    const signatures = roster.map((_, i) => this.#ready.get(i) ?? new Uint8Array());
    return { type: "matchRelease", signatures };
  }

  #count(from: number, masked: number, nowMs: number): RelayEffect[] {
    if (this.#phase !== "releasing") return [];
    this.#counts.set(from, masked);
    this.#movedAtMs = nowMs;
    return this.#finish();
  }

  /** Answers once every value and every count is there. */
  #finish(): RelayEffect[] {
    const { match } = this.#params;
    const chunks = chunkCount(match);
    const whole = this.#carried.every((steps) => steps.at(-1) === chunks);
    if (!whole || !this.#tally || this.#counts.size < this.#size) return [];
    // The pads cancel modulo 2^32.
    const identifiers = [...this.#counts.values()].reduce((sum, count) => (sum + count) >>> 0, 0);
    const counts = this.#tally.counts(identifiers);
    if (!counts) return this.#fail("badTotal", null);
    this.#end();
    return [{ type: "counted", counts }, ...this.#toAll({ type: "matchEnded", reason: null })];
  }

  /** Says again what a member may have missed, and goes back to what it has, on its way in and on its way out. */
  #resume(member: number, held: readonly number[]): RelayEffect[] {
    const { match } = this.#params;
    const before = (member + this.#size - 1) % this.#size;
    const effects: RelayEffect[] = [];
    if (this.#phase !== "joining") effects.push(this.#to(member, this.#members()));
    if (this.#phase === "releasing") effects.push(this.#to(member, this.#release()));
    for (const [owner, steps] of this.#carried.entries()) {
      const came = stepOf(match, owner, before);
      const had = Math.min(held[owner] ?? 0, steps[came] ?? 0);
      const isTaken = this.#takenBy[owner]?.has(member);
      if (owner !== member && !isTaken && had < (steps[came] ?? 0)) {
        steps[came] = had;
        effects.push(this.#to(before, { type: "matchResend", owner, from: had }));
      }
      const from = steps[stepOf(match, owner, member)] ?? 0;
      if (from < chunkCount(match))
        effects.push(this.#to(member, { type: "matchResend", owner, from }));
    }
    return effects;
  }

  /**
   * Who holds everything up: the first that has not joined, or who has had a set the longest. Null where that is not known: of
   * chunks to be sent again it may be their sender, or who says time and again that it has none.
   */
  #awaited(): number | null {
    const { match } = this.#params;
    const chunks = chunkCount(match);
    if (this.#phase === "joining") return match.roster.findIndex((_, i) => !this.#joins.has(i));
    const held = this.#carried.map((steps, owner) => {
      const step = steps.findIndex((carried) => carried < chunks);
      const isAgain = (steps[step] ?? 0) < (this.#reached[owner]?.[step] ?? 0);
      return { step, isAgain, member: step < 0 ? -1 : (owner + step) % this.#size };
    });
    // A set that is ready waits for others, as long as some are not.
    const isWaiting = (member: number): boolean =>
      this.#phase === "passing" && this.#ready.has(member);
    const behind = held
      .filter(({ step, member }) => step >= 0 && (step < this.#size - 1 || !isWaiting(member)))
      .toSorted((a, b) => a.step - b.step);
    const uncounted = match.roster.findIndex((_, i) => !this.#counts.has(i));
    if (behind[0]?.isAgain) return null;
    return behind[0]?.member ?? (uncounted >= 0 ? uncounted : null);
  }

  #fail(code: MatchFault, member: number | null): RelayEffect[] {
    const reason = { code, member };
    this.#reason = reason;
    this.#end();
    return [{ type: "failed", reason }, ...this.#toAll({ type: "matchEnded", reason })];
  }

  /** Values that came are forgotten, whatever the outcome. */
  #end(): void {
    this.#phase = "over";
    this.#tally = null;
  }

  #to(to: number, message: RelayMatchMessage): RelayEffect {
    return { type: "send", to, message };
  }

  #toAll(message: RelayMatchMessage): RelayEffect[] {
    return this.#params.match.roster.map((_, to) => this.#to(to, message));
  }
}
