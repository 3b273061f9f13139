/**
 * EDGE: a member's part in a private matching, as the gate runs it: the protocol's state, and the threads that mask. All
 * that leaves goes through `send`: sealed points for the next member, and at the end bare values that every member has
 * masked.
 */
import {
  MatchMember,
  type MatchMemberParams,
  type MemberEffect,
} from "../../shared/matching/member.ts";
import type { MemberMatchMessage, RelayMatchMessage } from "../../shared/matching/messages.ts";
import type { MatchSet } from "../../shared/matching/set.ts";
import type { MatchJob } from "../../shared/matching/work.ts";
import { MatchThreads } from "./match-threads.ts";

export interface MatchingPorts {
  readonly send: (message: MemberMatchMessage) => void;
  /** Chunks masked, of how many in all: for a bar at the member's own terminal. */
  readonly onProgress: (done: number, total: number) => void;
  /** A thread failed; the matching is over for this member. */
  readonly onFailure: (error: unknown) => void;
}

export class Matching {
  readonly #ports: MatchingPorts;
  readonly #member: MatchMember;
  readonly #threads: MatchThreads;
  readonly #atWork = new Set<Promise<void>>();

  /** @param set Of this member; see `matchSet`. @param threadsMax Left out: one a processor. */
  constructor(params: MatchMemberParams, set: MatchSet, ports: MatchingPorts, threadsMax?: number) {
    this.#ports = ports;
    this.#member = new MatchMember(params, set);
    this.#threads = new MatchThreads(this.#member.key, threadsMax);
  }

  get isOver(): boolean {
    return this.#member.isOver;
  }

  begin(): void {
    this.#obey(this.#member.begin());
  }

  hear(message: RelayMatchMessage): void {
    this.#obey(this.#member.hear(message));
  }

  /** The connection is back, and messages may have been lost: sets go on at the chunks that are missing. */
  reconnected(): void {
    this.#obey(this.#member.held());
  }

  /** When all work on what was heard is done, and said. */
  async idle(): Promise<void> {
    while (this.#atWork.size > 0) await Promise.all(this.#atWork);
  }

  /** To be called when it is over, or given up. */
  async close(): Promise<void> {
    await this.#threads.close();
  }

  #obey(effects: readonly MemberEffect[]): void {
    for (const effect of effects) {
      if (effect.type === "send") this.#ports.send(effect.message);
      else {
        const work = this.#work(effect.job).finally(() => this.#atWork.delete(work));
        this.#atWork.add(work);
      }
    }
  }

  async #work(job: MatchJob): Promise<void> {
    try {
      this.#obey(this.#member.worked(await this.#threads.work(job)));
      const { done, total } = this.#member.progress;
      this.#ports.onProgress(done, total);
    } catch (error) {
      // What was under way when it ended is nobody's concern.
      if (!this.isOver) this.#ports.onFailure(error);
    }
  }
}
