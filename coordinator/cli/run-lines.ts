/** What happens in a run, as lines for whoever watches it. Pure. */
import type { Manifest } from "../../shared/charter/manifest.ts";
import { isModelTask } from "../../shared/charter/task-spec.ts";
import type { RunEvent } from "../run/events.ts";
import type { LiveEvent } from "../run/ports.ts";
import { metricsText } from "./metrics-text.ts";

/**
 * @param manifest The run's, which its first event tells; null: not known.
 * @returns Null: nothing that a person needs to see.
 */
export function eventLine(event: RunEvent | LiveEvent, manifest: Manifest | null): string | null {
  switch (event.type) {
    case "roundReleased": {
      const loss = event.loss === null ? "" : `  loss ${event.loss.toFixed(4)}`;
      const { scores } = event;
      const isUntold =
        event.askKind === "evaluate" && !scores && manifest && isModelTask(manifest.task);
      const untold = isUntold
        ? "  ROC-AUC not told: too few held-out rows of a class (under noise, more are needed)"
        : "";
      const metrics = event.metrics ? `  ${metricsText(event.metrics, manifest)}` : untold;
      const spread = scores
        ? `  score median ${scores.p50.toFixed(3)}, 99 % below ${scores.p99.toFixed(3)}`
        : "";
      return `round ${event.round}  ${event.askKind}  survivors ${event.survivors.length}/${event.cohort.length}  ${event.ms} ms${loss}${metrics}${spread}`;
    }
    case "attemptAborted":
      return `round ${event.round}  attempt ${event.attempt} aborted: ${event.reason}; trying again`;
    case "declined":
      return `${event.memberId} declines: ${event.reasons.map(({ message }) => message).join("; ")}`;
    case "decided": {
      const { memberId, decision, reasons } = event.decision;
      const why = reasons.map(({ message }) => message).join("; ");
      return `${memberId} ${decision === "refused" ? "cannot take part" : decision}${why && `: ${why}`}`;
    }
    case "begun":
      return "Enough members approved; the run begins.";
    case "refused":
      return `The run will not be: it is ${event.code}.`;
    case "completed":
      return "The run is complete.";
    case "failed":
      return `The run failed: ${event.reason}`;
    case "waiting":
      return `Still waiting. Not connected: ${event.absent.join(", ")}`;
    case "joined":
    case "left":
      return `${event.memberId} ${event.type} (${event.joined} there)`;
    default:
      return null;
  }
}
