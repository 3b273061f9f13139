/** Who takes released models home besides the operator: the roles that the charter names receivers. Pure. */
import { CloisterError, EXIT } from "../../shared/base/errors.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import type { Manifest } from "../../shared/charter/manifest.ts";
import type { RunSummary } from "../run/events.ts";
import type { Caller, Role } from "./table.ts";

/** Names of the charter, or of those that the run itself kept of them. A name that is no role is a member's. */
export function receiversOf(
  charter: Pick<Charter, "receivers">,
  manifest: Pick<Manifest, "receivers">,
): readonly string[] {
  return (manifest.receivers ?? charter.receivers)?.models ?? [];
}

/** A model's card holds its metrics: for those whom the charter names, and those who run or audit the room. */
export function mayReadCard(
  { role, memberId }: Pick<Caller, "role" | "memberId">,
  charter: Pick<Charter, "receivers">,
  manifest: Pick<Manifest, "receivers">,
): boolean {
  const receivers = manifest.receivers ?? charter.receivers;
  if (!receivers || role === "operator" || role === "auditor") return true;
  return receivers.metrics.includes(role) || receivers.metrics.includes(memberId ?? role);
}

/** @throws {CloisterError} If metrics, and answers, are not for the caller. */
export function checkMetricsReceiver(
  caller: Pick<Caller, "role" | "memberId">,
  charter: Pick<Charter, "receivers">,
  manifest: Pick<Manifest, "receivers" | "room">,
): void {
  if (mayReadCard(caller, charter, manifest)) return;
  const message = `the charter of room "${manifest.room}" does not name ${caller.memberId ?? caller.role} a receiver of metrics`;
  throw new CloisterError("token.receiver", message, EXIT.refused);
}

/** @throws {CloisterError} If the role is no receiver, or the run's model is not released. */
export function checkReceiver(
  role: Role,
  receivers: readonly string[],
  { status, manifest }: Pick<RunSummary, "status" | "manifest">,
): void {
  if (!receivers.includes(role)) {
    const named = `the charter of room "${manifest.room}" does not name the role ${role} a receiver of models`;
    throw new CloisterError(
      "token.receiver",
      `${named}; ask the operator for the export`,
      EXIT.refused,
    );
  }
  if (status === "completed") return;
  const message = `the run is ${status}; only a completed run's model is released`;
  throw new CloisterError("token.released", message, EXIT.refused);
}
