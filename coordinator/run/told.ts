/** What those who watch a run are told of it while it goes on; nothing depends on it. Pure: the watcher is a port. */
import type { AttemptEffect } from "../../shared/secagg/attempt.ts";
import type { AttemptPlace } from "../../shared/secagg/params.ts";
import type { RunPorts } from "./ports.ts";

export class RunTold {
  readonly #runId: string;
  readonly #watch: RunPorts["watch"];

  constructor(runId: string, watch: RunPorts["watch"]) {
    this.#runId = runId;
    this.#watch = watch;
  }

  left(memberId: string, joined: number): void {
    this.#watch({ type: "left", runId: this.#runId, memberId, joined });
  }

  opened({ round, attempt }: AttemptPlace, askKind: string): void {
    this.#watch({ type: "attemptOpened", runId: this.#runId, round, attempt, askKind });
  }

  /** Members were sent the message with which a phase begins. */
  sent(place: AttemptPlace, type: AttemptEffect["type"]): void {
    if (type === "sendCommit") this.phase(place, "masking");
    if (type === "sendIncluded") this.phase(place, "unmasking");
  }

  phase({ round, attempt }: AttemptPlace, phase: string): void {
    this.#watch({ type: "phase", runId: this.#runId, round, attempt, phase });
  }

  fault(memberId: string, code: string): void {
    this.#watch({ type: "fault", runId: this.#runId, memberId, code });
  }
}
