/** What a lying coordinator knows: the contexts of masks, and so what to sign for other survivors. */
import { fromBitmap, toBitmap } from "../../shared/base/member-set.ts";
import { askHash } from "../../shared/charter/ask.ts";
import type { AgentMessage } from "../../shared/protocol/messages.ts";
import { type Batch, dealtContext, openBatch, serves } from "../../shared/secagg/batch.ts";
import { inclusionHash, roundContext, survivorTree } from "../../shared/secagg/keys.ts";
import type { AttemptPlace } from "../../shared/secagg/params.ts";
import { entryStatement } from "../../shared/transcript/chain.ts";
import type { OfType, ToAgent } from "./attacks.ts";
import type { RoomRun } from "./room.ts";

const DIMENSION = 4;

export class CoordinatorEye {
  readonly #run: RoomRun;
  readonly #opened = new Map<number, Batch>();
  readonly #dealt: { readonly batch: Batch; readonly context: Uint8Array }[] = [];
  readonly #places = new Map<number, AttemptPlace>();
  readonly #contexts = new Map<number, Uint8Array>();
  readonly #roots = new Map<string, Uint8Array>();

  constructor(run: RoomRun) {
    this.#run = run;
  }

  see(message: ToAgent): void {
    switch (message.type) {
      case "batchOpened": {
        const { batch: number, firstAttempt, count } = message;
        const place = { number, firstAttempt, count, members: this.#members(message.members) };
        this.#opened.set(number, openBatch(this.#run.sum, place, []));
        return;
      }
      case "batchDealt":
        return this.#seeDealt(message);
      case "roundOpened":
        return this.#seeRound(message);
      case "committed":
        return this.#seeCohort(message);
    }
  }

  /** What members announced is their vectors' hashes: `included` needs those of all survivors. */
  hear(member: number, message: AgentMessage): void {
    if (message.type === "masked")
      this.#roots.set(`${message.attempt}/${member}`, message.vector.sha256);
  }

  /** INCLUDED as one member would be told it had another survivor dropped out, signed. */
  without(
    dropped: number,
    message: OfType<ToAgent, "included">,
    to: number,
  ): OfType<ToAgent, "included"> {
    const { attempt } = message;
    const kept = this.#members(message.survivors).filter((index) => index !== dropped);
    const roots = kept.map((index) => this.#roots.get(`${attempt}/${index}`) ?? new Uint8Array());
    return this.included(attempt, kept, roots, to);
  }

  /** INCLUDED as one member would be told it, over whomever it likes, signed. */
  included(
    attempt: number,
    survivors: readonly number[],
    roots: readonly Uint8Array[],
    to: number,
  ): OfType<ToAgent, "included"> {
    const { sum, runId, room } = this.#run;
    const context = this.#contexts.get(attempt) ?? new Uint8Array(32);
    const inclusion = inclusionHash(sum, context, survivors, roots);
    const statement = entryStatement({ kind: "included", runId, attempt, inclusion });
    const signature = room.coordinator.sign(statement);
    const bitmap = toBitmap(survivors, sum.roster.length);
    const path = survivorTree(survivors, roots).paths[survivors.indexOf(to)] ?? new Uint8Array();
    return { type: "included", runId, attempt, survivors: bitmap, path, signature };
  }

  #seeDealt({ batch: number, dealers, hashes }: OfType<ToAgent, "batchDealt">): void {
    const batch = this.#opened.get(number);
    const indices = this.#members(dealers);
    const each = indices.map((_, i) => hashes.subarray(32 * i, 32 * i + 32));
    if (batch)
      this.#dealt.push({ batch, context: dealtContext(this.#run.sum, batch, indices, each) });
  }

  #seeRound(message: OfType<ToAgent, "roundOpened">): void {
    const { round, attempt, askKind, head, vector } = message;
    const ask = askHash(this.#run.runId, round, askKind, vector.sha256);
    const vectors = { dimension: DIMENSION, ringBits: 24 } as const;
    this.#places.set(attempt, { round, attempt, askHash: ask, transcript: head, ...vectors });
    if (message.cohort.length > 0) this.#seeCohort(message);
  }

  #seeCohort({ attempt, cohort }: OfType<ToAgent, "committed" | "roundOpened">): void {
    const dealt = this.#dealt.findLast(({ batch }) => serves(batch, attempt));
    const place = this.#places.get(attempt);
    if (!dealt || !place) return;
    const members = this.#members(cohort);
    this.#contexts.set(attempt, roundContext(this.#run.sum, dealt.context, place, members));
  }

  #members(bitmap: Uint8Array): number[] {
    return fromBitmap(bitmap, this.#run.sum.roster.length) ?? [];
  }
}
