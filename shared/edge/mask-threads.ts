/**
 * EDGE: sums of masks, expanded off the thread that asks. Threads start with the first long sum, share each vector by
 * cutting it, and do not keep the process alive. Short sums are expanded at once, in place.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { assert } from "../base/assert.ts";
import { CloisterError } from "../base/errors.ts";
import type { RingBits } from "../base/ring-bits.ts";
import { applyMasksInPlace, type Mask, packMasks } from "../secagg/masks.ts";
import type { MaskJob, MaskReply } from "./mask-messages.ts";

/** Elements times masks. One million take about a millisecond: what a thread adds in latency must not show. */
const INLINE_WORK_MAX = 1_000_000;
/** A second thread is worth its wake-up from here on. */
const THREAD_WORK_MIN = 4_000_000;
const THREADS_MAX = 4;
const KEY_BYTES = 32;
/** A keystream's buffers lie outside this heap and are given back by hand: there is next to nothing in it. */
const LIMITS = { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 };

function expandHere(masks: readonly Mask[], dimension: number, bits: RingBits): Uint32Array {
  const sum = new Uint32Array(dimension);
  applyMasksInPlace(sum, masks, bits);
  return sum;
}

/** True for work, in masks times elements, that is done sooner than handed over. */
function isShort(work: number): boolean {
  return work <= INLINE_WORK_MAX;
}

/** Threads that one side of the protocol owns. `close` ends them; later sums start new ones. */
export class MaskThreads {
  readonly #threadsMax: number;
  #threads: MaskThread[] = [];

  /** @param threadsMax By default as many as there are processors, up to 4. */
  constructor(threadsMax: number = Math.min(availableParallelism(), THREADS_MAX)) {
    assert(threadsMax >= 1, "at least one thread");
    this.#threadsMax = threadsMax;
  }

  /**
   * Σ sign·mask over the masks, reduced to the ring. Shape [dimension]; may lie in shared memory.
   *
   * @throws {CloisterError} If a thread failed. Nothing is to be done but to begin the attempt anew.
   */
  async expandMasks(
    masks: readonly Mask[],
    dimension: number,
    bits: RingBits,
  ): Promise<Uint32Array> {
    assert(
      masks.every(({ key }) => key.length === KEY_BYTES),
      "a mask's key has 32 bytes",
    );
    const work = masks.length * dimension;
    if (isShort(work)) return expandHere(masks, dimension, bits);
    const sum = new Uint32Array(new SharedArrayBuffer(4 * dimension));
    const partCount = Math.min(this.#threadsMax, Math.ceil(work / THREAD_WORK_MIN));
    const partElements = Math.ceil(dimension / partCount);
    const parts = [];
    for (let first = 0; first < dimension; first += partElements) {
      const target = sum.subarray(first, first + partElements);
      parts.push(this.#idlest().expand(masks, { bits, target, firstElement: first }));
    }
    await Promise.all(parts);
    return sum;
  }

  /** The same with a callback: at once where the sum is short; here, should a thread fail. */
  expand(
    masks: readonly Mask[],
    dimension: number,
    bits: RingBits,
    done: (sum: Uint32Array) => void,
  ): void {
    const here = (): Uint32Array => expandHere(masks, dimension, bits);
    if (isShort(masks.length * dimension)) return done(here());
    void this.expandMasks(masks, dimension, bits).catch(here).then(done);
  }

  async close(): Promise<void> {
    const threads = this.#threads;
    this.#threads = [];
    await Promise.all(threads.map((thread) => thread.close()));
  }

  /** A thread with nothing to do, a new one if there may be, or else the one with the shortest queue. */
  #idlest(): MaskThread {
    this.#threads = this.#threads.filter(({ failed }) => !failed);
    const [first] = this.#threads.toSorted((one, other) => one.pending - other.pending);
    if (first && (first.pending === 0 || this.#threads.length >= this.#threadsMax)) return first;
    const thread = new MaskThread();
    this.#threads.push(thread);
    return thread;
  }
}

type Part = Pick<MaskJob, "bits" | "target" | "firstElement">;

/** One thread and the jobs it has been given. */
class MaskThread {
  readonly #worker: Worker;
  readonly #pending = new Map<number, PromiseWithResolvers<void>>();
  #nextId = 0;
  failed = false;

  constructor() {
    this.#worker = new Worker(new URL("./mask-worker.ts", import.meta.url), {
      resourceLimits: LIMITS,
    });
    this.#worker.unref();
    this.#worker.on("message", (reply: MaskReply) => this.#settle(reply));
    this.#worker.on("error", (cause) => this.#fail(cause));
    this.#worker.on("exit", () => this.#fail(undefined));
  }

  get pending(): number {
    return this.#pending.size;
  }

  expand(masks: readonly Mask[], part: Part): Promise<void> {
    const id = this.#nextId++;
    const packed = packMasks(masks);
    const job: MaskJob = { id, masks: packed, ...part };
    const done = Promise.withResolvers<void>();
    this.#pending.set(id, done);
    this.#worker.ref();
    this.#worker.postMessage(job, [packed.keys.buffer]);
    return done.promise;
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #settle({ id, failure }: MaskReply): void {
    const done = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#worker.unref();
    if (failure === null) done?.resolve();
    else done?.reject(failedThread(`a mask could not be expanded (${failure})`));
  }

  #fail(cause: unknown): void {
    this.failed = true;
    for (const { reject } of this.#pending.values())
      reject(failedThread("a mask thread ended before its work did", cause));
    this.#pending.clear();
  }
}

function failedThread(message: string, cause?: unknown): CloisterError {
  return new CloisterError("masks.thread-failed", message, undefined, cause);
}
