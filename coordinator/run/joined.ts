/** Who has joined a run, with the keys that the members signed for one another. Roster indices. Pure. */
import { isSignedJoin, type Join } from "../../shared/secagg/channel.ts";
import type { SumParams } from "../../shared/secagg/params.ts";

interface Joined {
  readonly join: Join;
  /** Announcements that it has not answered yet, oldest first: the joins of other members, by index. */
  readonly unanswered: ReadonlyMap<number, Join>[];
  /** For the graph of the next batch. */
  nonce: Uint8Array;
}

export class JoinedMembers {
  readonly #params: SumParams;
  readonly #members = new Map<number, Joined>();

  constructor(params: SumParams) {
    this.#params = params;
  }

  /** False: not signed by the member. */
  add(index: number, join: Join): boolean {
    if (!isSignedJoin(this.#params, index, join)) return false;
    this.#members.set(index, { join, unanswered: [], nonce: new Uint8Array() });
    return true;
  }

  remove(index: number): void {
    this.#members.delete(index);
  }

  indices(): number[] {
    return [...this.#members.keys()].sort((a, b) => a - b);
  }

  join(index: number): Join | undefined {
    return this.#members.get(index)?.join;
  }

  announced(index: number, members: readonly number[]): void {
    const joins = new Map<number, Join>();
    for (const member of members) {
      const join = this.join(member);
      if (join) joins.set(member, join);
    }
    this.#members.get(index)?.unanswered.push(joins);
  }

  /** @returns Whom the answer is still good for: members that have not joined anew since the announcement. */
  answered(index: number, nonce: Uint8Array): ReadonlySet<number> {
    const member = this.#members.get(index);
    const joins = member?.unanswered.shift() ?? new Map<number, Join>();
    if (member) member.nonce = nonce;
    return new Set([...joins.keys()].filter((other) => joins.get(other) === this.join(other)));
  }

  /** True if it has channels with all who joined: everything announced is answered. */
  isOpen(index: number): boolean {
    return this.#members.get(index)?.unanswered.length === 0;
  }

  nonce(index: number): Uint8Array {
    return this.#members.get(index)?.nonce ?? new Uint8Array();
  }

  showNonce(index: number, nonce: Uint8Array): void {
    const member = this.#members.get(index);
    if (member) member.nonce = nonce;
  }
}
