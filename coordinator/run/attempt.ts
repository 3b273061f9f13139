/** One attempt of a run, before and while it is under way: what is asked, of whom, under which parameters. Pure. */
import type { Ask, ReleaseShape } from "../../models/tasks/task.ts";
import { wireFormat } from "../../models/tasks/wire.ts";
import { float32ToBytes } from "../../shared/base/bytes.ts";
import { toBitmap } from "../../shared/base/member-set.ts";
import { askHash } from "../../shared/charter/ask.ts";
import { sha256 } from "../../shared/crypto/hash.ts";
import type { CoordinatorMessage } from "../../shared/protocol/messages.ts";
import type {
  AttemptEffect,
  AttemptParams,
  CoordinatorState,
} from "../../shared/secagg/attempt.ts";
import { openAttempt, openCommitted } from "../../shared/secagg/cohort.ts";
import type { DealtPrekeyBatch } from "../../shared/secagg/coordinator-batch.ts";
import type { SumParams } from "../../shared/secagg/params.ts";
import type { AttemptSpool, RunParams } from "./ports.ts";

interface Prepared {
  readonly params: AttemptParams;
  readonly ask: Ask;
  /** SHA-256 of the ask's input. */
  readonly inputHash: Uint8Array;
  readonly shape: ReleaseShape;
}

export interface RunningAttempt extends Prepared {
  readonly openedAtMs: number;
  readonly spool: AttemptSpool;
  state: CoordinatorState;
}

/** The attempt's parameters, and the ask's input as it travels. */
export function prepareAttempt(
  { runId, manifest, patience, identity }: RunParams,
  sum: SumParams,
  at: {
    readonly round: number;
    readonly attempt: number;
    readonly transcript: Uint8Array;
    readonly prekeys: DealtPrekeyBatch;
    readonly certified: readonly number[] | null;
  },
  ask: Ask,
  shape: ReleaseShape,
): Prepared & { readonly input: Uint8Array } {
  const { round, attempt, transcript, prekeys, certified } = at;
  const input = float32ToBytes(ask.input);
  const inputHash = sha256(input);
  const { dimension, ringBits } = wireFormat(shape, manifest);
  const place = {
    round,
    attempt,
    transcript,
    askHash: askHash(runId, round, ask.kind, inputHash),
    dimension,
    ringBits,
  };
  const params = { sum, place, prekeys, patience, identity, certified };
  return { params, ask, inputHash, shape, input };
}

/** @param cohort To open with; null: it is fixed when members are ready. */
export function openRunning(
  { params, ask, inputHash, shape }: Prepared,
  spool: AttemptSpool,
  present: readonly number[],
  cohort: readonly number[] | null,
  atMs: number,
): RunningAttempt {
  const absent = [...params.prekeys.dealings.keys()].filter((index) => !present.includes(index));
  const state = cohort
    ? openCommitted(params, spool, atMs, absent, cohort)
    : openAttempt(params, atMs, absent);
  return { params, ask, inputHash, shape, openedAtMs: atMs, spool, state };
}

type Opened = Extract<CoordinatorMessage, { type: "roundOpened" }>;

/** What members are told as it opens, before the ask's input. @param head The run's transcript, signed. */
export function openingOf(
  { params: { sum }, ask, inputHash, state }: RunningAttempt,
  head: Pick<Opened, "round" | "attempt" | "head" | "last" | "signature">,
  byteLength: number,
): Opened {
  const cohort = "cohort" in state ? toBitmap(state.cohort, sum.roster.length) : new Uint8Array();
  const said = { type: "roundOpened", runId: sum.runId, askKind: ask.kind, cohort } as const;
  return { ...said, ...head, vector: { byteLength, sha256: inputHash } };
}

type Sent = Extract<
  AttemptEffect,
  { type: "sendCommit" | "sendIncluded" | "sendCertificate" | "askShares" }
>;

/** What an attempt wants said, as the messages that it takes; `to` are roster indices. */
export function messagesOf(
  { sum, place }: AttemptParams,
  effect: Sent,
): { readonly to: readonly number[]; readonly message: CoordinatorMessage }[] {
  const common = { runId: sum.runId, attempt: place.attempt };
  const bitmap = (indices: readonly number[]): Uint8Array => toBitmap(indices, sum.roster.length);
  switch (effect.type) {
    case "sendCommit": {
      const cohort = bitmap(effect.cohort);
      return [{ to: effect.to, message: { type: "committed", ...common, cohort } }];
    }
    case "sendIncluded": {
      const { to, paths, signature } = effect;
      const said = { type: "included", ...common, survivors: bitmap(effect.survivors) } as const;
      return to.map((index, i) => {
        const path = paths[i] ?? new Uint8Array();
        return { to: [index], message: { ...said, path, signature } };
      });
    }
    case "sendCertificate": {
      const { confirmers, proofs } = effect.certificate;
      const said = { ...common, confirmers: bitmap(confirmers), proofs };
      return [{ to: [effect.to], message: { type: "certified", ...said } }];
    }
    case "askShares": {
      const of = bitmap(effect.of);
      return [{ to: effect.to, message: { type: "sharesAsked", ...common, of } }];
    }
  }
}
