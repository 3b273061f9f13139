/** What an agent tells its own terminal: ids, codes and counts, never a value from a record. Pure types. */

export type MemberEvent =
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
