/** Who has joined a run, with the keys that the members signed for one another. Roster indices. Pure. */
import { isSignedJoin, type Join } from "../shared/secagg/channel.ts";
import type { SumParams } from "../shared/secagg/params.ts";

interface Joined {
  readonly join: Join;
  /** Announcements of other members that it has not answered yet. */
  unanswered: number;
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
    this.#members.set(index, { join, unanswered: 0, nonce: new Uint8Array() });
    return true;
  }

  remove(index: number): void {
    this.#members.delete(index);
  }

  has(index: number): boolean {
    return this.#members.has(index);
  }

  indices(): number[] {
    return [...this.#members.keys()].sort((a, b) => a - b);
  }

  join(index: number): Join | undefined {
    return this.#members.get(index)?.join;
  }

  announced(index: number): void {
    const member = this.#members.get(index);
    if (member) member.unanswered += 1;
  }

  answered(index: number, nonce: Uint8Array): void {
    const member = this.#members.get(index);
    if (!member) return;
    member.unanswered = Math.max(0, member.unanswered - 1);
    member.nonce = nonce;
  }

  /** True if it has channels with all who joined: everything announced is answered. */
  isOpen(index: number): boolean {
    return this.#members.get(index)?.unanswered === 0;
  }

  nonce(index: number): Uint8Array {
    return this.#members.get(index)?.nonce ?? new Uint8Array();
  }

  showNonce(index: number, nonce: Uint8Array): void {
    const member = this.#members.get(index);
    if (member) member.nonce = nonce;
  }
}
