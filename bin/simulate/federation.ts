/** A run from its first ask to its last in one process, with members that drop out, and rounds that are tried again. Pure. */
import { RoundTries } from "../../coordinator/run/tries.ts";
import { taskFor } from "../../models/tasks/registry.ts";
import type { Ask, Failure, Metrics } from "../../models/tasks/task.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import { openedSum, type SimulatedRun } from "./sum.ts";

/** What may go wrong in a run, and what then holds. */
export interface Conditions {
  /** Each member is gone from each attempt with this probability, before its vector arrives. */
  readonly dropProbability: number;
  /** A sum over fewer is not opened. */
  readonly survivorsMin: number;
  /** Whether a member's ledger and policy let it answer; called once for each vector that leaves. */
  readonly answers: (member: number, askKind: string) => boolean;
}

export const NOTHING_GOES_WRONG: Conditions = {
  dropProbability: 0,
  survivorsMin: 0,
  answers: () => true,
};

/** A round that was opened. */
export interface SimulatedRound {
  readonly round: number;
  readonly askKind: string;
  /** Attempts that were aborted before it could be opened. */
  readonly aborted: number;
  readonly survivors: number;
  readonly loss: number | null;
  /** Of the last secure evaluation. */
  readonly metrics: Metrics | null;
}

export interface Outcome {
  readonly state: unknown;
  readonly lastAsk: Ask | null;
  readonly rounds: readonly SimulatedRound[];
  /** Attempts that had too few survivors: paid for by those who answered, and tried again. */
  readonly aborted: number;
  /** Why the run ended early; null: it did not. */
  readonly failure: Failure | null;
}

/**
 * A member that is gone from an attempt, or one whose attempt is aborted, is taken not to have worked on it; that shows
 * only in what it carries for itself (scaffold, personal layers), until it next takes part.
 *
 * @param onAttempt Called after each attempt, for whoever watches.
 */
export function federate(
  run: SimulatedRun,
  { dropProbability, survivorsMin, answers }: Conditions = NOTHING_GOES_WRONG,
  onAttempt: (round: SimulatedRound | null) => void = () => undefined,
): Outcome {
  const { context, members, seed } = run;
  const task = taskFor(context.spec);
  const tries = new RoundTries(0);
  const dice = new UniformSource(reproducibleRng(`${seed}/dropouts`));
  const everybody = members.map((_, index) => index);
  const rounds: SimulatedRound[] = [];
  let state = task.begin(context);
  let lastAsk: Ask | null = null;
  let abortedInAll = 0;
  for (let attempt = 0; ; attempt++) {
    const ask = task.nextAsk(context, state);
    const common = { lastAsk: ask ?? lastAsk, rounds, aborted: abortedInAll };
    if (ask === null) return { state, ...common, failure: task.progress(state).failure ?? null };
    const staying = everybody.filter(() => dice.unit() >= dropProbability);
    const present = staying.filter((member) => answers(member, ask.kind));
    if (present.length < survivorsMin) {
      abortedInAll += 1;
      onAttempt(null);
      if (!tries.failed(0)) continue;
      const silent = staying.length - present.length;
      const failure = givenUp(rounds.length, tries.failures, present.length, silent, survivorsMin);
      return { state, ...common, aborted: abortedInAll, failure };
    }
    state = task.absorb(context, state, openedSum(run, ask, attempt, present));
    const { loss, metrics } = task.progress(state);
    const about = { round: rounds.length, askKind: ask.kind, aborted: tries.failures };
    const opened = { ...about, survivors: present.length, loss, metrics };
    tries.released();
    rounds.push(opened);
    lastAsk = ask;
    onAttempt(opened);
  }
}

/** @param silent Members who were there and had no answer left. */
function givenUp(
  round: number,
  failures: number,
  present: number,
  silent: number,
  least: number,
): Failure {
  const spent = silent === 0 ? "" : `; ${silent} more had no budget or no planned answers left`;
  const last = `the last with ${present} of at least ${least} members${spent}`;
  return {
    code: "simulate.round-failed",
    message: `round ${round}: ${failures} attempts failed, ${last}`,
  };
}
