/** What an opened round asks, as the agent itself derives it from the manifest. Pure. */
import { contextOf } from "../models/tasks/context.ts";
import { taskFor } from "../models/tasks/registry.ts";
import { wireFormat } from "../models/tasks/wire.ts";
import { toHex } from "../shared/base/bytes.ts";
import { askHash } from "../shared/charter/ask.ts";
import type { Charter } from "../shared/charter/charter.ts";
import type { Manifest } from "../shared/charter/manifest.ts";
import type { CoordinatorMessage } from "../shared/protocol/messages.ts";
import type { AttemptPlace, SumParams } from "../shared/secagg/params.ts";
import type { Asked } from "./openings.ts";

type RoundOpened = Extract<CoordinatorMessage, { type: "roundOpened" }>;

/** @throws {CloisterError} If the manifest's task knows no such ask. */
export function placeOf(charter: Charter, manifest: Manifest, message: RoundOpened): AttemptPlace {
  const { runId, round, attempt, askKind, head, vector } = message;
  const shape = taskFor(manifest.task).shapeOf(contextOf(charter, manifest), askKind);
  const { dimension, ringBits } = wireFormat(shape, manifest);
  const hash = askHash(runId, round, askKind, vector.sha256);
  return { round, attempt, askHash: hash, transcript: head, dimension, ringBits };
}

/**
 * What may be opened over one set of members only. Null where each opening is paid for and has noise of its
 * own, and where every opening takes all members.
 */
export function openedOnce(
  charter: Charter,
  manifest: Manifest,
  { survivorsMin, roster }: SumParams,
  { round, askKind, vector }: RoundOpened,
): Asked | null {
  const { release } = taskFor(manifest.task).shapeOf(contextOf(charter, manifest), askKind);
  if (release.kind === "noised" || survivorsMin === roster.length) return null;
  return { round, ask: `${askKind} ${toHex(vector.sha256)}` };
}
