/** One line of text for each message and event: what transcripts and `npm run simulate` show. Pure. */
import type { MemberEvent } from "../../agent/member-events.ts";
import type { RunEvent } from "../../coordinator/run/events.ts";
import type { LiveEvent } from "../../coordinator/run/ports.ts";
import { toHex } from "../../shared/base/bytes.ts";
import { fromBitmap } from "../../shared/base/member-set.ts";
import type { AgentMessage, CoordinatorMessage } from "../../shared/protocol/messages.ts";

const short = (bytes: Uint8Array | string): string =>
  (typeof bytes === "string" ? bytes : toHex(bytes)).slice(0, 8);

/** Names bank-1 … as 1 …; sizes and sets in full, keys and hashes by their first bytes. */
export function describeMessage(
  message: AgentMessage | CoordinatorMessage,
  memberCount: number,
): string {
  const set = (bitmap: Uint8Array): string =>
    `{${(fromBitmap(bitmap, memberCount) ?? []).map((index) => index + 1).join(" ")}}`;
  const details = (): string => {
    switch (message.type) {
      case "runProposed":
        return `run ${short(message.runId)}`;
      case "proposalClosed":
        return `run ${short(message.runId)}: ${message.code}`;
      case "runDecided":
        return `run ${short(message.runId)}: ${message.decision}`;
      case "roomHeld":
        return `${message.size} entries`;
      case "headCosigned":
        return `the first ${message.size} entries`;
      case "roomExtended":
        return `from entry ${message.from}`;
      case "runJoined":
        return `channel key ${short(message.channelKey)}, ML-KEM key ${short(message.kemKey)}`;
      case "runDeclined":
        return message.reasons.map(({ code }) => code).join(", ");
      case "channelSecrets":
        return `for {${message.secrets.map(({ to }) => to + 1).join(" ")}}`;
      case "prekeys":
        return `batch ${message.batch}, ${message.entries.length} bytes`;
      case "ready":
        return `attempt ${message.attempt}, holds shares of ${set(message.holds)}`;
      case "masked":
        return `attempt ${message.attempt}, ${message.vector.byteLength} bytes, hash ${short(message.vector.sha256)}`;
      case "confirmed":
        return `attempt ${message.attempt}`;
      case "shares":
        return `attempt ${message.attempt}, ${message.seed.length > 0 ? "own seed, shares" : "shares"} of ${set(message.of)}`;
      case "sharesAsked":
        return `attempt ${message.attempt}, of ${set(message.of)}`;
      case "matching":
        return `${message.body.length} bytes`;
      case "withdrawn":
        return `attempt ${message.attempt}: ${message.reason.code}`;
      case "runOffered":
        return `run ${short(message.runId)}, ${message.decisions.length} decisions`;
      case "membersJoined":
        return `{${message.members.map(({ member }) => member + 1).join(" ")}}`;
      case "channelSecret":
        return `from ${message.from + 1}`;
      case "batchOpened":
        return `batch ${message.batch}, attempts ${message.firstAttempt} to ${message.firstAttempt + message.count - 1}, members ${set(message.members)}`;
      case "batchDealt":
        return `batch ${message.batch}, dealers ${set(message.dealers)}`;
      case "roundOpened":
        return `round ${message.round}, attempt ${message.attempt}, ${message.askKind}, head ${short(message.head)}`;
      case "committed":
        return `attempt ${message.attempt}, cohort ${set(message.cohort)}`;
      case "included":
        return `attempt ${message.attempt}, survivors ${set(message.survivors)}`;
      case "certified":
        return `attempt ${message.attempt}, confirmed by ${set(message.confirmers)}`;
      case "runEnded":
        return `${message.outcome}, head ${short(message.head)}`;
      case "rejected":
        return message.code;
    }
  };
  return `${message.type.padEnd(14)} ${details()}`;
}

export function describeEvent(event: RunEvent | LiveEvent): string {
  switch (event.type) {
    case "created":
      return `created run ${short(event.runId)}`;
    case "decided":
      return `${event.decision.memberId}: ${event.decision.decision}`;
    case "releaseDecided":
    case "deleted":
      return "model and rounds deleted";
    case "refused":
      return `refused: ${event.code}`;
    case "begun":
      return "begun";
    case "engineTold":
      return `${event.memberId} computes by ${event.engine}`;
    case "attemptsReserved":
      return `reserved attempts below ${event.below}`;
    case "attemptOpened":
      return `opened attempt ${event.attempt} at round ${event.round}`;
    case "attemptAborted":
      return `aborted attempt ${event.attempt}: ${event.reason}`;
    case "survivorsCertified":
      return `certified attempt ${event.attempt}: round ${event.round} is opened over ${event.survivors.join(", ")} or not at all`;
    case "roundReleased":
      return `released round ${event.round}: the sum over ${event.survivors.join(", ")}, hash ${short(event.resultHash)}`;
    case "completed":
      return "completed";
    case "failed":
      return `failed: ${event.reason}`;
    case "waiting":
      return `waits; absent: ${event.absent.join(", ")}`;
    case "joined":
    case "left":
      return `${event.memberId} ${event.type}, ${event.joined} there`;
    case "declined":
      return `${event.memberId} declined: ${event.reasons.map(({ code }) => code).join(", ")}`;
    case "phase":
      return `round ${event.round}, attempt ${event.attempt}: ${event.phase}`;
    case "fault":
      return `fault of ${event.memberId}: ${event.code}`;
  }
}

export function describeReport(event: MemberEvent): string {
  switch (event.type) {
    case "proposed":
      return `is asked to approve ${event.task}`;
    case "approved":
      return "approves unseen";
    case "amendment":
      return `edition ${event.edition} of the charter: ${event.state}`;
    case "refused":
      return `refuses: ${event.reasons.map(({ code }) => code).join(", ")}`;
    case "history":
      return `caught the coordinator: ${event.code} at entry ${event.entry}`;
    case "joined":
      return "takes part";
    case "declined":
      return `declines: ${event.reasons.map(({ code }) => code).join(", ")}`;
    case "round":
      return `works on round ${event.round}`;
    case "matching":
      return `has masked ${event.done} of ${event.total} chunks`;
    case "sent":
      return `gave its masked vector of round ${event.round}`;
    case "fault":
      return `caught ${event.member}: ${event.code}`;
    case "withdrawn":
      return `goes no further: ${event.code}`;
    case "rejected":
      return `was rejected: ${event.code}`;
    case "ended":
      return `the run has ended: ${event.outcome}`;
  }
}
