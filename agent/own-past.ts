/**
 * What its room's history says that this member did: the sums that its vector is in, and what it signed for. Others
 * keep that too; a folder, or a ledger, that was put back as it was knows nothing of the last of it. Pure.
 */
import { toHex } from "../shared/base/bytes.ts";
import { CloisterError, EXIT } from "../shared/base/errors.ts";
import type { Identity } from "../shared/crypto/identity.ts";
import type { RoomEvent, RoomEventOf } from "../shared/transcript/room/event.ts";
import type { History } from "../shared/transcript/room/history.ts";
import type { RoomState } from "../shared/transcript/room/state.ts";
import type { Answers } from "./ledger/account.ts";

export class OwnPast {
  readonly #memberId: string;
  /** Hexadecimal. */
  readonly #key: string;
  /** Entries seen. */
  #seen = 0;
  #cosigned = 0;
  /** Not told yet, by run. */
  readonly #answers = new Map<string, number[]>();

  constructor({ memberId, identity }: { readonly memberId: string; readonly identity: Identity }) {
    this.#memberId = memberId;
    this.#key = toHex(identity.publicKey);
  }

  /** For how many of the first entries this member has signed with the key that it has now. */
  get cosigned(): number {
    return this.#cosigned;
  }

  /** To be called after each line that the history took. */
  see({ last, state }: History): void {
    if (!last || !state || last.sequence < this.#seen) return;
    this.#seen = last.sequence + 1;
    this.#take(last.body, state);
  }

  takeAnswers(): Answers[] {
    const answers = [...this.#answers].map(([runId, attempts]) => ({ runId, attempts }));
    this.#answers.clear();
    return answers;
  }

  #take(body: RoomEvent, state: RoomState): void {
    switch (body.type) {
      case "memberEnrolled":
      case "keyRotated":
        return this.#seat(body, state);
      case "headCosigned":
        // The history has checked it with the key of that moment.
        if (body.memberId === this.#memberId && state.keys.get(body.memberId) === this.#key)
          this.#cosigned = body.size;
        return;
      case "roundReleased":
        if (body.survivors.includes(this.#memberId)) this.#add(body.runId, body.attempt);
        return;
      case "runEnded":
        return this.#end(body, state);
    }
  }

  /** A key that no earlier one signed for is that of another folder, which has a ledger of its own. */
  #seat({ memberId }: RoomEventOf<"memberEnrolled" | "keyRotated">, { trails }: RoomState): void {
    if (memberId === this.#memberId && trails.get(memberId)?.keys.length === 1)
      this.#answers.clear();
  }

  /** A matching has no sums. It completes if every member of its roster has answered, under attempt 0. */
  #end({ runId, outcome }: RoomEventOf<"runEnded">, { runs }: RoomState): void {
    const manifest = runs.get(runId)?.manifest;
    if (manifest?.task.kind !== "match" || outcome !== "completed") return;
    if (manifest.roster.some(({ memberId }) => memberId === this.#memberId)) this.#add(runId, 0);
  }

  #add(runId: string, attempt: number): void {
    const attempts = this.#answers.get(runId) ?? [];
    attempts.push(attempt);
    this.#answers.set(runId, attempts);
  }
}

/** @param signed For so many entries this member has signed. @param known Of so many its folder remembers it. */
export function putBack(folder: string, signed: number, known: number): CloisterError {
  const found = `the room's history holds this member's signature over its first ${signed} entries, and the folder remembers ${known}`;
  const why =
    "an older copy of it was put in place, or two agents run with one key. What its data gave away since is not in its ledger, so nothing is released";
  const remedy =
    "Put back the newest state of the folder and of its ledger; if that is lost, see docs/ledger.md";
  return new CloisterError("agent.put-back", `${folder}: ${found}: ${why}. ${remedy}`, EXIT.caught);
}
