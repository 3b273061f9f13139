/**
 * EDGE: threads that mask a member's chunks, one a processor, a chunk at a time each. They start with the first chunk
 * and do not keep the process alive. The gate's thread starts them and hands what they make to the matching; nothing of
 * it goes anywhere else.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { assert } from "../../shared/base/assert.ts";
import { CloisterError } from "../../shared/base/errors.ts";
import type { MatchJob, MatchKey, MatchResult } from "../../shared/matching/work.ts";

/** `failure` is the name of an error, null if the job is done. */
export interface MatchReply {
  readonly result: MatchResult | null;
  readonly failure: string | null;
}

type Waiting = { readonly job: MatchJob } & Omit<PromiseWithResolvers<MatchResult>, "promise">;

const LIMITS = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 };

/** One run's threads. `close` ends them, and what waits for them. */
export class MatchThreads {
  readonly #key: MatchKey;
  readonly #threadsMax: number;
  readonly #queue: Waiting[] = [];
  readonly #threads = new Map<Worker, Waiting | null>();
  #closed = false;

  /** @param key Copied when a thread starts. */
  constructor(key: MatchKey, threadsMax: number = availableParallelism()) {
    assert(threadsMax >= 1, "at least one thread");
    this.#key = key;
    this.#threadsMax = threadsMax;
  }

  /**
   * @param job Its rows are handed over: they are the thread's from then on.
   * @throws {CloisterError} If a thread failed, or was closed. The run cannot go on.
   */
  work(job: MatchJob): Promise<MatchResult> {
    if (this.#closed) return Promise.reject(failed("no chunk is masked after the end"));
    const { promise, resolve, reject } = Promise.withResolvers<MatchResult>();
    this.#queue.push({ job, resolve, reject });
    this.#advance();
    return promise;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const threads = [...this.#threads.keys()];
    this.#giveUp(failed("the matching was ended"));
    await Promise.all(threads.map((thread) => thread.terminate()));
  }

  #advance(): void {
    const idle = [...this.#threads].filter(([, busy]) => busy === null).map(([thread]) => thread);
    if (idle.length < this.#queue.length && this.#threads.size < this.#threadsMax)
      idle.push(this.#start());
    for (const thread of idle) {
      const next = this.#queue.shift();
      if (!next) return;
      this.#threads.set(thread, next);
      thread.ref();
      const { buffer } = next.job.rows;
      thread.postMessage(next.job, buffer instanceof ArrayBuffer ? [buffer] : []);
    }
  }

  #start(): Worker {
    const thread = new Worker(new URL("./match-worker.ts", import.meta.url), {
      workerData: this.#key,
      resourceLimits: LIMITS,
    });
    thread.unref();
    thread.on("message", (reply: MatchReply) => this.#settle(thread, reply));
    thread.on("error", (cause) => this.#giveUp(failed("a thread crashed", cause)));
    thread.on("exit", () => this.#threads.delete(thread));
    this.#threads.set(thread, null);
    return thread;
  }

  #settle(thread: Worker, { result, failure }: MatchReply): void {
    const done = this.#threads.get(thread);
    if (this.#threads.has(thread)) this.#threads.set(thread, null);
    thread.unref();
    if (result) done?.resolve(result);
    else done?.reject(failed(`a chunk could not be masked (${failure})`));
    this.#advance();
  }

  /** Nothing that waits will come. */
  #giveUp(error: CloisterError): void {
    for (const waiting of [...this.#threads.values(), ...this.#queue]) waiting?.reject(error);
    this.#queue.length = 0;
    this.#threads.clear();
  }
}

function failed(message: string, cause?: unknown): CloisterError {
  return new CloisterError("matching.thread-failed", message, undefined, cause);
}
