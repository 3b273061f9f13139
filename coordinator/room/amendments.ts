/**
 * EDGE: amendments of rooms' charters, as the store has them: proposed, signed or refused by members, brought into force
 * between runs. Nothing here decides: each agent holds all of it against its own copy of the room's history.
 */
import { DAY_MS } from "../../shared/base/calendar.ts";
import type { Clock } from "../../shared/base/env.ts";
import { badInput } from "../../shared/base/errors.ts";
import {
  Amendment,
  type AmendmentWord,
  type ProposedAmendment,
  proposedIn,
  type SignedWord,
  signaturesOf,
  wordFault,
} from "../../shared/charter/amendment.ts";
import { type Charter, parseOrRefuse } from "../../shared/charter/charter.ts";
import { charterText } from "../../shared/charter/charter-text.ts";
import type { MemberAddress } from "../peer.ts";
import type { Store } from "../store.ts";
import type { Rooms } from "./rooms.ts";

export interface AmendmentRequest {
  readonly charter: Charter;
  readonly reason: string;
  /** Days for which members may sign it, and it may come into force. */
  readonly validDays: number;
}

/** A room's charters, and the amendment that is open. */
export interface AmendmentView {
  readonly room: string;
  readonly edition: number;
  readonly charterHash: string;
  /** Null: none is. */
  readonly open: {
    readonly amendmentHash: string;
    readonly amendment: Amendment;
    readonly words: readonly AmendmentWord[];
    /** Why it is not in force yet, in words; null: a run under way is waited for. */
    readonly waitsFor: string | null;
  } | null;
}

export class Amendments {
  readonly #store: Store;
  readonly #rooms: Rooms;
  readonly #clock: Clock;

  constructor(store: Store, rooms: Rooms, clock: Clock) {
    this.#store = store;
    this.#rooms = rooms;
    this.#clock = clock;
  }

  /** @throws {CloisterError} If another is open, or it cannot follow the charter in force; says what to change. */
  propose({ charter, reason, validDays }: AmendmentRequest): AmendmentView {
    const { room } = this.#rooms.charter(charter.room);
    const nowMs = this.#nowMs(room);
    if (this.#open(room))
      throw badInput(
        "amendment.open",
        `another amendment of room "${room}" is open; withdraw it first (cloister room amend --withdraw)`,
      );
    const place = this.#store.transcripts.charterPlace(room);
    const about = { room, edition: place.edition + 1, previous: place.charterHash, reason };
    const validUntilMs = nowMs + Math.ceil(validDays * DAY_MS);
    const text = charterText(charter);
    const whole = { ...about, charter: text, validUntilMs };
    const amendment = parseOrRefuse(Amendment, whole, "the amendment");
    const proposed = proposedIn(place, amendment, nowMs);
    if ("code" in proposed)
      throw badInput("amendment.refused", `${proposed.message} (${proposed.code})`);
    this.#store.tellAll(room, [{ type: "amendmentProposed", amendment }]);
    return this.view(room);
  }

  /** @throws {CloisterError} If none is open. */
  withdraw(room: string): AmendmentView {
    const { amendmentHash } = this.#opened(room);
    this.#store.tellAll(room, [{ type: "amendmentWithdrawn", amendmentHash }]);
    return this.view(room);
  }

  /** Said again, it is the same word. @throws {CloisterError} If it is no word of this member on the open amendment. */
  decide({ room, memberId }: MemberAddress, word: AmendmentWord): AmendmentView {
    if (this.#isKnown(room, word)) return this.view(room);
    const fault = wordFault(this.#opened(room), word, this.#keys(room), this.#nowMs(room));
    if (fault || word.memberId !== memberId)
      throw badInput(
        "amendment.word",
        fault ? `${fault.message} (${fault.code})` : `the word is not that of ${memberId}`,
      );
    this.#store.tellAll(room, [{ type: "amendmentDecided", word }]);
    return this.view(room);
  }

  view(room: string): AmendmentView {
    const { edition, charterHash } = this.#store.transcripts.charterPlace(room);
    const open = this.#open(room);
    if (!open) return { room, edition, charterHash, open: null };
    const { amendment, amendmentHash, words } = open;
    const signatures = signaturesOf(open, this.#keys(room), this.#nowMs(room));
    const waitsFor = "code" in signatures ? signatures.message : null;
    const told = { amendmentHash, amendment, words: [...words.values()], waitsFor };
    return { room, edition, charterHash, open: told };
  }

  /** Rooms whose open amendment is signed by all whom it needs. */
  ripe(): string[] {
    return this.#store.rooms().filter((room) => this.#signed(room) !== null);
  }

  /** It comes into force, if it still may; the room has no run that is proposed or under way. */
  enforce(room: string): void {
    const signed = this.#signed(room);
    if (signed) this.#store.amend(signed.open, signed.signatures);
  }

  #signed(
    room: string,
  ): { readonly open: ProposedAmendment; readonly signatures: readonly SignedWord[] } | null {
    const open = this.#open(room);
    const signatures = open && signaturesOf(open, this.#keys(room), this.#nowMs(room));
    return signatures === null || "code" in signatures || !open ? null : { open, signatures };
  }

  #open(room: string): ProposedAmendment | null {
    const { proposed, phase } = this.#store.transcripts.amendments(room).at(-1) ?? {};
    if (phase !== "open" || !proposed) return null;
    return this.#nowMs(room) <= proposed.amendment.validUntilMs ? proposed : null;
  }

  /** By which everybody judges what is entered now. */
  #nowMs = (room: string): number => this.#store.transcripts.timeAt(room, this.#clock.nowMs());

  #opened(room: string): ProposedAmendment {
    const open = this.#open(room);
    if (open) return open;
    throw badInput("amendment.none", `no amendment of room "${room}" is open (any more)`);
  }

  #isKnown(room: string, { amendmentHash, memberId, signature }: AmendmentWord): boolean {
    return this.#store.transcripts
      .amendments(room)
      .some(
        ({ proposed }) =>
          proposed.amendmentHash === amendmentHash &&
          proposed.words.get(memberId)?.signature === signature,
      );
  }

  #keys = (room: string): ReadonlyMap<string, string> =>
    new Map(this.#rooms.roster(room).map((member) => [member.memberId, member.identityKey]));
}
