/** What a room's history has to keep to beyond its own text: the seam to the charter's approvals. Pure types. */
import type { Charter } from "../../charter/charter.ts";
import type { Manifest } from "../../charter/manifest.ts";
import type { RoomEventOf } from "./event.ts";

/** A member's decision on a run, as it was signed. */
export type Decision = RoomEventOf<"runApproved"> | RoomEventOf<"runVetoed">;

export interface ApprovalRules {
  /** Did the key, hexadecimal, sign this decision? */
  readonly isSigned: (decision: Decision, identityKey: string) => boolean;
  /** What keeps a run with these decisions from starting, in words; null: nothing. */
  readonly whyNot: (
    charter: Charter,
    manifest: Manifest,
    decisions: readonly Decision[],
  ) => string | null;
}
