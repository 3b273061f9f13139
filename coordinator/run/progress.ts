/** How far a run has come: the task's state, the rounds released, the head of its transcript. Pure. */
import { contextOf } from "../../models/tasks/context.ts";
import { decodeSum } from "../../models/tasks/decode.ts";
import { taskFor } from "../../models/tasks/registry.ts";
import type {
  Ask,
  ReleaseShape,
  Task,
  TaskContext,
  TaskProgress,
} from "../../models/tasks/task.ts";
import { bytesOfWords, fromHex } from "../../shared/base/bytes.ts";
import type { TaskSpec } from "../../shared/charter/task-spec.ts";
import { sha256 } from "../../shared/crypto/hash.ts";
import { entryStatement, firstHead, type Link, nextHead } from "../../shared/transcript/chain.ts";
import { linkOf, type RunSummary } from "./events.ts";
import type { RunParams } from "./ports.ts";

export class RunProgress {
  readonly #params: RunParams;
  readonly #task: Task<TaskSpec, unknown>;
  readonly #context: TaskContext<TaskSpec>;
  #state: unknown;
  #round: number;
  #head: Uint8Array;
  #last: Link | null;

  /** @param summary Null for a new run; else what the log amounts to, with the task's last state. */
  constructor(params: RunParams, summary: RunSummary | null, state: Uint8Array | null) {
    const { runId, manifest, charter } = params;
    this.#params = params;
    this.#task = taskFor(manifest.task) as Task<TaskSpec, unknown>;
    this.#context = contextOf(charter, manifest);
    this.#state = state
      ? this.#task.decodeState(this.#context, state)
      : this.#task.begin(this.#context);
    this.#round = summary?.rounds.length ?? 0;
    this.#head = summary ? fromHex(summary.head) : firstHead(runId);
    const last = summary?.rounds.at(-1);
    this.#last = last ? linkOf(last) : null;
  }

  /** The round that comes next. */
  get round(): number {
    return this.#round;
  }

  /** Rounds that may come yet, the next one among them. */
  get roundsLeft(): number {
    const { done, total } = this.#task.progress(this.#state);
    if (done < total) return total - done;
    return this.nextAsk() ? 1 : 0; // Whatever the task had planned.
  }

  /** Head of the transcript. */
  get head(): Uint8Array {
    return this.#head;
  }

  /** How the run ends once there is no next ask, and why where it failed. */
  get ending(): readonly ["completed" | "failed", string] {
    const { failure } = this.#task.progress(this.#state);
    return failure ? ["failed", `${failure.code}: ${failure.message}`] : ["completed", ""];
  }

  /** Null when the task is complete, or has failed. */
  nextAsk(): Ask | null {
    return this.#task.nextAsk(this.#context, this.#state);
  }

  shapeOf(askKind: string): ReleaseShape {
    return this.#task.shapeOf(this.#context, askKind);
  }

  /** Takes an opened sum in: the task's next state, and the transcript's next link. */
  absorb(
    sum: Uint32Array,
    shape: ReleaseShape,
    attempt: number,
    inclusion: Uint8Array,
  ): { readonly progress: TaskProgress; readonly link: Link; readonly state: Uint8Array } {
    const { runId, manifest } = this.#params;
    const aggregate = decodeSum(sum, shape, manifest, { runId, attempt });
    this.#state = this.#task.absorb(this.#context, this.#state, aggregate);
    const link = { inclusion, resultHash: sha256(bytesOfWords(sum)) };
    this.#round += 1;
    this.#head = nextHead(this.#head, link);
    this.#last = link;
    const state = this.#task.encodeState(this.#state);
    return { progress: this.#task.progress(this.#state), link, state };
  }

  /** The transcript as it stands, signed for one attempt. */
  signedHead(attempt: number, askHash: Uint8Array) {
    const { runId, identity } = this.#params;
    const round = this.#round;
    const head = this.#head;
    const statement = entryStatement({ kind: "roundOpened", runId, round, attempt, askHash, head });
    return { round, attempt, head, last: this.#last, signature: identity.sign(statement) };
  }
}
