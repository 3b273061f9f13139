/** Who takes released models home besides the operator: the roles that the charter names receivers. Pure. */
import { CloisterError, EXIT } from "../shared/base/errors.ts";
import type { Charter } from "../shared/charter/charter.ts";
import type { Role } from "./access-table.ts";
import type { RunSummary } from "./run-events.ts";

/** By the charter's version: version 1 cannot name any. */
const RECEIVERS: Readonly<Record<Charter["version"], readonly Role[]>> = { 1: [] };

export function receiversOf({ version }: Charter): readonly Role[] {
  return RECEIVERS[version];
}

/** @throws {CloisterError} If the role is no receiver, or the run's model is not released. */
export function checkReceiver(
  role: Role,
  receivers: readonly Role[],
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
