/**
 * EDGE: whether the charter that a running agent was started with is the room's still, by its own copy of the history: a
 * member's people sign an amendment in another process, and it comes into force when the others have.
 */
import type { Reason } from "../shared/charter/policy/facts.ts";
import { openAmendment, type RoomState } from "../shared/transcript/room/state.ts";
import type { MemberEvent } from "./member-events.ts";
import type { Vault } from "./vault.ts";

export class OwnCharter {
  readonly #vault: Vault;
  readonly #report: (event: MemberEvent) => void;
  readonly #amended = Promise.withResolvers<"amended">();
  #isAmended = false;
  #notSigned: number | null = null;
  /** The open amendment that was last spoken of. */
  #told = "";

  constructor(vault: Vault, report: (event: MemberEvent) => void) {
    this.#vault = vault;
    this.#report = report;
  }

  /** Resolves once another charter is in force here. */
  get amended(): Promise<"amended"> {
    return this.#amended.promise;
  }

  /** This process goes by a charter of before: it says nothing to any run any more. */
  get isAmended(): boolean {
    return this.#isAmended;
  }

  /** Why this member takes part in nothing; null: the charter is one that it signed. */
  get fault(): Reason | null {
    if (this.#notSigned === null) return null;
    const message = `edition ${this.#notSigned} of the charter is in force without a signature that this member gave`;
    return { code: "amendmentNotSigned", message };
  }

  /** @param state Of the own copy, as it is now. */
  heard(state: RoomState): void {
    const { memberId } = this.#vault.enrolment();
    const followed = this.#vault.charters.follow(memberId, state.editions);
    this.#notSigned = followed.type === "notSigned" ? followed.edition : null;
    if (followed.type !== "same")
      this.#report({ type: "amendment", state: followed.type, edition: followed.edition });
    if (followed.type === "amended") {
      this.#isAmended = true;
      this.#amended.resolve("amended");
    } else this.#tellOpen(state);
  }

  #tellOpen(state: RoomState): void {
    const open = openAmendment(state, state.latestMs)?.proposed;
    if (!open || open.amendmentHash === this.#told) return;
    this.#told = open.amendmentHash;
    const { memberId } = this.#vault.enrolment();
    if (open.words.has(memberId)) return;
    const { edition } = open.amendment;
    this.#report({ type: "amendment", state: "proposed", edition });
  }
}
