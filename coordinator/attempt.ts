/** One attempt of a run, before and while it is under way: what is asked, of whom, under which parameters. Pure. */
import type { Ask, ReleaseShape } from "../models/tasks/task.ts";
import { wireFormat } from "../models/tasks/wire.ts";
import { float32ToBytes } from "../shared/base/bytes.ts";
import { askHash } from "../shared/charter/ask.ts";
import { attemptParams } from "../shared/charter/manifest.ts";
import { sha256 } from "../shared/crypto/hash.ts";
import type { CoordinatorState, Patience } from "../shared/secagg/attempt.ts";
import { openAttempt } from "../shared/secagg/coordinator.ts";
import type { AttemptParams } from "../shared/secagg/params.ts";
import type { RunParams } from "./run-ports.ts";

export interface RunningAttempt {
  readonly params: AttemptParams;
  readonly ask: Ask;
  readonly shape: ReleaseShape;
  readonly openedAtMs: number;
  state: CoordinatorState;
  /** Bytes of the largest masked vector received. */
  uploadBytes: number;
}

/** The attempt's parameters, and the ask's input as it travels. */
export function prepareAttempt(
  { runId, manifest, charter }: RunParams,
  { round, attempt }: { readonly round: number; readonly attempt: number },
  ask: Ask,
  shape: ReleaseShape,
): { params: AttemptParams; input: Uint8Array; inputHash: Uint8Array } {
  const input = float32ToBytes(ask.input);
  const inputHash = sha256(input);
  const place = { round, attempt, askHash: askHash(runId, round, ask.kind, inputHash) };
  const vector = wireFormat(shape, manifest);
  return { params: attemptParams(manifest, charter, runId, place, vector), input, inputHash };
}

export function openRunning(
  params: AttemptParams,
  ask: Ask,
  shape: ReleaseShape,
  patience: Patience,
  present: readonly string[],
  atMs: number,
): RunningAttempt {
  const everyone = params.roster.map(({ memberId }) => memberId);
  const absent = everyone.filter((id) => !present.includes(id));
  const state = openAttempt(patience, atMs, absent);
  return { params, ask, shape, openedAtMs: atMs, state, uploadBytes: 0 };
}
