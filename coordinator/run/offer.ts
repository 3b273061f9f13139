/** A run as it is offered to its members: the manifest, and what they signed. Pure. */
import { toWire } from "../../shared/charter/decision.ts";
import { manifestText } from "../../shared/charter/manifest.ts";
import type { CoordinatorMessage } from "../../shared/protocol/messages.ts";
import type { RunParams } from "./ports.ts";

export function offerOf({
  runId,
  manifest,
  decisions,
}: Pick<RunParams, "runId" | "manifest" | "decisions">): CoordinatorMessage {
  const said = decisions.map((one) => ({ memberId: one.memberId, ...toWire(one) }));
  return { type: "runOffered", runId, manifest: manifestText(manifest), decisions: said };
}
