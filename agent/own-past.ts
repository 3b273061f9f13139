/**
 * What its room's history says that this member did: the sums that its vector is in, and what it signed for. Others
 * keep that too; a folder, or a ledger, that was put back as it was knows nothing of the last of it. Pure.
 */
import { MATCH_RELEASE } from "../models/tasks/match/match.ts";
import { toHex } from "../shared/base/bytes.ts";
import { CloisterError, EXIT } from "../shared/base/errors.ts";
import type { Identity } from "../shared/crypto/identity.ts";
import type { RoomEvent, RoomEventOf } from "../shared/transcript/room/event.ts";
import type { History } from "../shared/transcript/room/history.ts";
import type { RoomState } from "../shared/transcript/room/state.ts";
import type { Answers } from "./ledger/account.ts";

/** A sum that this member's vector is in, or a matching. */
export interface OwnAnswer {
  readonly round: number;
  readonly attempt: number;
  readonly askKind: string;
}

/** A run that lists this folder's member. */
interface OwnRun {
  readonly runId: string;
  /** How many such runs had started when it ended; infinitely many: it has not. */
  readonly startedByEnd: number;
}

/** A run that lists the member, with whichever key: that of another folder has a ledger of its own. */
interface ListedRun {
  readonly runId: string;
  /** Hexadecimal; the roster's. */
  readonly key: string;
  /** As in `OwnRun`, of all that list the member. */
  startedByEnd: number;
}

export class OwnPast {
  readonly #memberId: string;
  /** Hexadecimal. */
  readonly #key: string;
  /** Entries seen. */
  #seen = 0;
  #cosigned = 0;
  /** Keys that lead to this folder's, and from it on. A coordinator that lists another one for a while makes nothing undone. */
  readonly #family = new Set<string>();
  /** Not taken yet, by run. */
  readonly #answers = new Map<string, OwnAnswer[]>();
  readonly #listed: ListedRun[] = [];

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

  /** In the order in which they started. */
  get started(): readonly OwnRun[] {
    const before = [0];
    for (const { key } of this.#listed) before.push((before.at(-1) ?? 0) + +this.#family.has(key));
    return this.#listed.flatMap(({ runId, key, startedByEnd: byEnd }) => {
      const startedByEnd = Number.isFinite(byEnd) ? (before[byEnd] ?? 0) : byEnd;
      return this.#family.has(key) ? [{ runId, startedByEnd }] : [];
    });
  }

  /** Not taken yet, by run. */
  get answers(): ReadonlyMap<string, readonly OwnAnswer[]> {
    const own = new Set(this.started.map(({ runId }) => runId));
    return new Map([...this.#answers].filter(([runId]) => own.has(runId)));
  }

  takeAnswers(): Answers[] {
    const taken = [...this.answers].map(([runId, answers]) => {
      return { runId, attempts: answers.map(({ attempt }) => attempt) };
    });
    this.#answers.clear();
    return taken;
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
      case "runStarted":
        return this.#start(body, state);
      case "roundReleased":
        if (body.survivors.includes(this.#memberId)) this.#add(body.runId, body);
        return;
      case "runEnded":
        return this.#end(body, state);
    }
  }

  #seat({ memberId }: RoomEventOf<"memberEnrolled" | "keyRotated">, { trails }: RoomState): void {
    const keys = trails.get(memberId)?.keys.map(({ identityKey }) => identityKey) ?? [];
    if (memberId === this.#memberId && keys.includes(this.#key))
      for (const key of keys) this.#family.add(key);
  }

  #start({ runId }: RoomEventOf<"runStarted">, { runs }: RoomState): void {
    const roster = runs.get(runId)?.manifest.roster ?? [];
    const seat = roster.find(({ memberId }) => memberId === this.#memberId);
    if (!seat) return;
    const startedByEnd = Number.POSITIVE_INFINITY;
    this.#listed.push({ runId, key: seat.identityKey, startedByEnd });
  }

  /** A matching has no sums. It completes if every member of its roster has answered, under attempt 0. */
  #end(body: RoomEventOf<"runEnded">, state: RoomState): void {
    const run = this.#listed.find(({ runId }) => runId === body.runId);
    if (!run) return;
    run.startedByEnd = this.#listed.length;
    const isMatch = state.runs.get(body.runId)?.manifest.task.kind === "match";
    if (isMatch && body.outcome === "completed")
      this.#add(body.runId, { round: 0, attempt: 0, askKind: MATCH_RELEASE });
  }

  #add(runId: string, { round, attempt, askKind }: OwnAnswer): void {
    const answers = this.#answers.get(runId) ?? [];
    answers.push({ round, attempt, askKind });
    this.#answers.set(runId, answers);
  }
}

/** @param signed For so many entries this member has signed. @param known Of so many its folder remembers it. */
export function putBack(folder: string, signed: number, known: number): CloisterError {
  const found = `the room's history holds this member's signature over its first ${signed} entries, and the folder remembers ${known}`;
  const why =
    "an older copy of it was put in place, or two agents run with one key. What its data gave away since is not in its ledger, so nothing is released";
  const remedy =
    'Put back the newest state of the folder and of its ledger; if that is lost, "cloister agent write-off" takes for spent all that can have been';
  return new CloisterError("agent.put-back", `${folder}: ${found}: ${why}. ${remedy}`, EXIT.caught);
}
