/** EDGE: the connection's side of the gate: starts its thread and asks it. */
import { Worker } from "node:worker_threads";
import { CloisterError, EXIT, type ExitCode } from "../../shared/base/errors.ts";
import { packMasks } from "../../shared/secagg/masks.ts";
import type { FromGate, PostedToGate, ToGate } from "./messages.ts";

type Reply<T extends FromGate["type"]> = Extract<FromGate, { type: T }>;

/** Rows that are read are garbage at once: room for more of it only makes the thread larger. */
const YOUNG_MB = 16;

/**
 * A running gate thread. Requests are answered in order; nobody needs to wait for one answer to ask for the next. What
 * is asked at one time goes together, and work is answered together with its sealing: each thread is woken once.
 */
export class GateHost {
  readonly #worker: Worker;
  /** Asked in this moment. */
  readonly #unsent: (PromiseWithResolvers<FromGate> & { readonly message: ToGate })[] = [];
  /** The answers that are awaited, the oldest first. */
  readonly #awaited: PromiseWithResolvers<FromGate>[] = [];
  #gone = false;

  constructor(memberId: string) {
    this.#worker = new Worker(new URL("./worker.ts", import.meta.url), {
      workerData: { memberId },
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    this.#worker.on("message", (replies: readonly FromGate[]) => {
      for (const reply of replies) this.#awaited.shift()?.resolve(reply);
    });
    this.#worker.on("error", (cause) => this.#end(cause));
    this.#worker.on("exit", () => this.#end(undefined));
  }

  /** @throws {CloisterError} With the gate's own words if it failed. */
  ask<T extends FromGate["type"]>(message: ToGate, ...expected: T[]): Promise<Reply<T>> {
    return this.#exchange(message).then((reply) => {
      if (isOneOf(reply, expected)) return reply;
      if (reply.type === "failed")
        throw new CloisterError(reply.code, reply.message, reply.exitCode as ExitCode);
      throw new CloisterError(
        "gate.unexpected",
        `the gate answered ${reply.type} to ${message.type}`,
      );
    });
  }

  /** For whoever takes failures as answers. */
  request(message: ToGate, answer: (reply: FromGate) => void): void {
    void this.#exchange(message).catch(asFailure).then(answer);
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #exchange(message: ToGate): Promise<FromGate> {
    if (this.#gone) return Promise.reject(crashed(undefined));
    const unsent = { message, ...Promise.withResolvers<FromGate>() };
    this.#unsent.push(unsent);
    if (this.#unsent.length === 1) queueMicrotask(() => this.#post());
    return unsent.promise;
  }

  #post(): void {
    const sent = this.#unsent.splice(0);
    try {
      const posted = sent.map(({ message }) => postedOf(message));
      this.#worker.postMessage(posted, posted.flatMap(handedOver));
      this.#awaited.push(...sent);
    } catch (cause) {
      for (const { reject } of sent) reject(cause); // What cannot be posted is refused, and nothing else.
    }
  }

  #end(cause: unknown): void {
    this.#gone = true;
    const open = [...this.#awaited.splice(0), ...this.#unsent.splice(0)];
    for (const { reject } of open) reject(crashed(cause));
  }
}

function postedOf(message: ToGate): PostedToGate {
  return message.type === "seal" ? { ...message, masks: packMasks(message.masks) } : message;
}

/** The model, and the masks' keys, move to the gate's thread instead of being copied. */
function handedOver(message: PostedToGate): ArrayBuffer[] {
  if (message.type === "seal") return [message.masks.keys.buffer];
  const buffer = message.type === "work" ? message.input.buffer : null;
  return buffer instanceof ArrayBuffer ? [buffer] : [];
}

function crashed(cause: unknown): CloisterError {
  const message = "the gate's thread crashed; start the agent again";
  return new CloisterError("gate.crashed", message, EXIT.failed, cause);
}

function asFailure(error: unknown): FromGate {
  const known = error instanceof CloisterError;
  const code = known ? error.code : "gate.internal";
  const message = known ? error.message : "internal error of the gate's host";
  return { type: "failed", code, message, exitCode: EXIT.failed };
}

function isOneOf<T extends FromGate["type"]>(
  reply: FromGate,
  expected: readonly T[],
): reply is Reply<T> {
  return expected.some((type) => type === reply.type);
}
