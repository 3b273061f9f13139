/** EDGE: the connection's side of the gate: starts its thread and asks it one thing at a time. */
import { Worker } from "node:worker_threads";
import { CloisterError, EXIT, type ExitCode } from "../../shared/base/errors.ts";
import { packMasks } from "../../shared/secagg/masks.ts";
import type { FromGate, PostedToGate, ToGate } from "./messages.ts";

type Reply<T extends FromGate["type"]> = Extract<FromGate, { type: T }>;

/** Rows that are read are garbage at once: room for more of it only makes the thread larger. */
const YOUNG_MB = 16;

/** A running gate thread. Requests are answered in order. */
export class GateHost {
  readonly #worker: Worker;
  /** The answer that is awaited. */
  #awaited: PromiseWithResolvers<FromGate> | null = null;
  #gone = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(memberId: string) {
    this.#worker = new Worker(new URL("./worker.ts", import.meta.url), {
      workerData: { memberId },
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    this.#worker.on("message", (reply: FromGate) => this.#take()?.resolve(reply));
    this.#worker.on("error", (cause) => this.#take()?.reject(crashed(cause)));
    this.#worker.on("exit", () => {
      this.#gone = true;
      this.#take()?.reject(crashed(undefined));
    });
  }

  /** @throws {CloisterError} With the gate's own words if it failed. */
  ask<T extends FromGate["type"]>(message: ToGate, ...expected: T[]): Promise<Reply<T>> {
    const answer = this.#last.then(() => this.#exchange(message));
    this.#last = answer.catch(() => undefined);
    return answer.then((reply) => {
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
    const reply = this.#last.then(() => this.#exchange(message)).catch(asFailure);
    this.#last = reply;
    void reply.then(answer);
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #exchange(message: ToGate): Promise<FromGate> {
    if (this.#gone) return Promise.reject(crashed(undefined));
    this.#awaited = Promise.withResolvers();
    const posted = postedOf(message);
    this.#worker.postMessage(posted, handedOver(posted));
    return this.#awaited.promise;
  }

  #take(): PromiseWithResolvers<FromGate> | null {
    const awaited = this.#awaited;
    this.#awaited = null;
    return awaited;
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
