/** EDGE: the connection's side of the gate: starts its thread and asks it one thing at a time. */
import { Worker } from "node:worker_threads";
import { CloisterError, EXIT, type ExitCode } from "../../shared/base/errors.ts";
import type { FromGate, ToGate } from "./messages.ts";

type Reply<T extends FromGate["type"]> = Extract<FromGate, { type: T }>;

/** Rows that are read are garbage at once: room for more of it only makes the thread larger. */
const YOUNG_MB = 16;

/** A running gate thread. Requests are answered in order. */
export class GateHost {
  readonly #worker: Worker;
  #gone = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(memberId: string) {
    this.#worker = new Worker(new URL("./worker.ts", import.meta.url), {
      workerData: { memberId },
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    this.#worker.setMaxListeners(0);
    this.#worker.once("exit", () => {
      this.#gone = true;
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
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        this.#worker.off("message", onMessage).off("error", onError).off("exit", onExit);
      };
      const onMessage = (reply: FromGate): void => {
        settle();
        resolve(reply);
      };
      const onError = (cause: unknown): void => {
        settle();
        reject(crashed(cause));
      };
      const onExit = (): void => onError(new Error("exit"));
      this.#worker.once("message", onMessage).once("error", onError).once("exit", onExit);
      this.#worker.postMessage(message);
    });
  }
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
