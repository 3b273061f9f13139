/** What an agent tells its own terminal: ids, codes and counts, never a value from a record. Pure types. */
import type { Reason } from "../shared/charter/policy/facts.ts";

export type MemberEvent =
  /** A run waits for a person's approval. */
  | { readonly type: "proposed"; readonly runId: string; readonly task: string }
  /** By the member's own rules, unseen. */
  | { readonly type: "approved"; readonly runId: string }
  /** This agent could not take part in what is proposed. */
  | { readonly type: "refused"; readonly runId: string; readonly reasons: readonly Reason[] }
  /** The room's history is not the one that this member knows: the coordinator is caught. */
  | { readonly type: "history"; readonly code: string; readonly entry: number | null }
  /** Of the charter: it waits for a person; it is in force here; it is in force elsewhere, and not signed here. */
  | {
      readonly type: "amendment";
      readonly state: "proposed" | "amended" | "notSigned";
      readonly edition: number;
    }
  | { readonly type: "joined"; readonly runId: string }
  | {
      readonly type: "declined";
      readonly runId: string;
      readonly reasons: readonly { code: string; message: string }[];
    }
  | {
      readonly type: "round";
      readonly runId: string;
      readonly round: number;
      readonly askKind: string;
    }
  | {
      readonly type: "sent";
      readonly runId: string;
      readonly round: number;
      readonly bytes: number;
      readonly epsilonSpent: number | null;
    }
  /** Chunks of a matching that this member has masked, of how many in all. */
  | {
      readonly type: "matching";
      readonly runId: string;
      readonly done: number;
      readonly total: number;
    }
  /** A member, or the coordinator, is caught at something. */
  | {
      readonly type: "fault";
      readonly runId: string;
      readonly code: string;
      readonly member: string;
    }
  | { readonly type: "withdrawn"; readonly runId: string; readonly code: string }
  | { readonly type: "rejected"; readonly code: string }
  | { readonly type: "ended"; readonly runId: string; readonly outcome: string };
