/**
 * The agent's side of a matching: passes what the coordinator carries to the gate, and the gate's answers back. Reads
 * none of it. Pure: gate and network are ports.
 */
import { encode } from "../shared/protocol/codec.ts";
import type { CoordinatorMessage } from "../shared/protocol/messages.ts";
import { caughtAt } from "./follow.ts";
import type { FromGate } from "./gate/messages.ts";
import type { MemberParams } from "./member-ports.ts";
import { gateFailed } from "./offer.ts";

type Of<T extends CoordinatorMessage["type"]> = Extract<CoordinatorMessage, { type: T }>;

/** Messages that the gate works on at a time: a few seconds of one core. */
const BODIES_MAX = 32;
const GIVEN_UP = encode({ type: "matchEnded", reason: { code: "cancelled", member: null } });

interface Run {
  readonly runId: string;
  /** In order; the gate is at work on earlier ones. */
  readonly waiting: Uint8Array[];
  isAtWork: boolean;
  done: number;
}

export class MatchSession {
  readonly #params: MemberParams;
  #run: Run | null = null;

  constructor(params: MemberParams) {
    this.#params = params;
  }

  /** A run that the gate has taken up. */
  begin(runId: string): void {
    const run: Run = { runId, waiting: [], isAtWork: true, done: 0 };
    this.#run = run;
    this.#params.gate({ type: "matchBegin", runId }, (reply) => {
      if (this.#run === run && reply.type === "matchSaid")
        this.#params.report({ type: "joined", runId });
      this.#answer(run, reply);
    });
  }

  hear({ runId, body }: Of<"matching">): void {
    const run = this.#run;
    if (run?.runId !== runId) return;
    run.waiting.push(body);
    this.#advance(run);
  }

  ended(message: Of<"runEnded">): void {
    const { runId, outcome } = message;
    if (this.#run?.runId !== runId) return;
    const { vault, report } = this.#params;
    const caught = caughtAt(this.#params, message, new Uint8Array(32), null);
    vault.endRun(runId, caught ? "left" : "ended");
    this.end();
    if (caught) report({ type: "fault", runId, code: caught, member: "coordinator" });
    report({ type: "ended", runId, outcome });
  }

  /** A person at this member wants no part in it any more. */
  vetoed(runId: string): void {
    if (this.#run?.runId === runId) this.#leave(runId, "vetoed", "the member vetoed it");
  }

  /** Of a run that is under way, nothing more is said here or heard. */
  end(): void {
    const run = this.#run;
    this.#run = null;
    if (!run) return;
    const bodies = [GIVEN_UP];
    this.#params.gate({ type: "matchHear", runId: run.runId, bodies }, () => undefined);
  }

  #advance(run: Run): void {
    if (run.isAtWork || run.waiting.length === 0) return;
    run.isAtWork = true;
    const bodies = run.waiting.splice(0, BODIES_MAX);
    this.#params.gate({ type: "matchHear", runId: run.runId, bodies }, (reply) =>
      this.#answer(run, reply),
    );
  }

  #answer(run: Run, reply: FromGate): void {
    if (this.#run !== run) return;
    const { runId } = run;
    run.isAtWork = false;
    if (reply.type === "refused")
      return this.#leave(runId, reply.code, `the gate refuses to answer (${reply.code})`);
    if (reply.type !== "matchSaid") {
      const { code, message } = gateFailed(reply);
      return this.#leave(runId, code, message);
    }
    const { send, report } = this.#params;
    for (const body of reply.bodies) send({ type: "matching", runId, body });
    const { done, total } = reply;
    if (done > run.done) report({ type: "matching", runId, done, total });
    run.done = done;
    this.#advance(run);
  }

  #leave(runId: string, code: string, message: string): void {
    this.end();
    this.#params.send({ type: "runDeclined", runId, reasons: [{ code, message }] });
    this.#params.report({ type: "withdrawn", runId, code });
  }
}
