/** What an opened round asks, as the agent itself derives it from the manifest. Pure. */
import { contextOf } from "../models/tasks/context.ts";
import { taskFor } from "../models/tasks/registry.ts";
import { wireFormat } from "../models/tasks/wire.ts";
import { askHash } from "../shared/charter/ask.ts";
import type { Charter } from "../shared/charter/charter.ts";
import type { Manifest } from "../shared/charter/manifest.ts";
import type { CoordinatorMessage } from "../shared/protocol/messages.ts";
import type { AttemptPlace } from "../shared/secagg/params.ts";

/** @throws {CloisterError} If the manifest's task knows no such ask. */
export function placeOf(
  charter: Charter,
  manifest: Manifest,
  message: Extract<CoordinatorMessage, { type: "roundOpened" }>,
): AttemptPlace {
  const { runId, round, attempt, askKind, head, vector } = message;
  const shape = taskFor(manifest.task).shapeOf(contextOf(charter, manifest), askKind);
  const { dimension, ringBits } = wireFormat(shape, manifest);
  const hash = askHash(runId, round, askKind, vector.sha256);
  return { round, attempt, askHash: hash, transcript: head, dimension, ringBits };
}
