/**
 * The release of runs' models: who reviewed one, and whether it may be handed out. Where the charter asks for no
 * review, every model may. Pure: store and clock are ports.
 */
import type { Clock } from "../../shared/base/env.ts";
import { badInput, CloisterError, EXIT } from "../../shared/base/errors.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import type { Standing } from "../../shared/charter/decision.ts";
import {
  type ReleaseDecision,
  type Reviewed,
  releaseFault,
  releaseStanding,
  releaseText,
} from "../../shared/charter/release.ts";
import type { RunEvent, RunSummary } from "../run/events.ts";

export interface ReleasePorts {
  readonly clock: Clock;
  /** What the room's history says that a run left behind; null: it has not ended. */
  readonly endOf: (run: RunSummary) => Reviewed | null;
  /** Hexadecimal; undefined: none of this room's members, or it has left. */
  readonly keyOf: (room: string, memberId: string) => string | undefined;
  readonly append: (event: RunEvent) => void;
}

/** What there is to review, and where that stands. */
export interface ReleaseView {
  readonly runId: string;
  /** Null: the run has not ended, or left no model. */
  readonly reviewed: Reviewed | null;
  /** Null: the charter asks for no review. */
  readonly standing: Standing | null;
  readonly decisions: readonly ReleaseDecision[];
}

export class Releases {
  readonly #ports: ReleasePorts;

  constructor(ports: ReleasePorts) {
    this.#ports = ports;
  }

  view(charter: Charter, run: RunSummary): ReleaseView {
    const { runId, releases: decisions } = run;
    const reviewed = this.#ports.endOf(run);
    return { runId, reviewed, standing: releaseStanding(charter, decisions), decisions };
  }

  /** Said again, it is the same word. @throws {CloisterError} If it does not count. */
  decide(charter: Charter, run: RunSummary, decision: ReleaseDecision): void {
    const { runId, releases, deletedAtMs } = run;
    const short = runId.slice(0, 12);
    if (!charter.governance?.release)
      throw badInput("release.not-asked", "the charter asks for no review of models");
    const reviewed = this.#ports.endOf(run);
    if (!reviewed || deletedAtMs !== null)
      throw badInput("release.nothing", `run ${short} has no model (any more) to be released`);
    if (releases.some(({ signature }) => signature === decision.signature)) return;
    const known = releases.find(({ memberId }) => memberId === decision.memberId);
    const key = this.#ports.keyOf(charter.room, decision.memberId);
    const fault = decision.runId === runId ? null : "the word is on another run";
    const why = fault ?? releaseFault(decision, reviewed, known, key);
    if (why !== null) throw badInput("release.not-counted", `run ${short}: ${why}`);
    this.#ports.append({
      type: "releaseDecided",
      runId,
      atMs: this.#ports.clock.nowMs(),
      decision,
    });
  }
}

/** @throws {CloisterError} If the charter asks for a review that the run's model has not passed. */
export function checkReleased(
  charter: Charter,
  { runId, status, releases }: Pick<RunSummary, "runId" | "status" | "releases">,
): void {
  const standing = releaseStanding(charter, releases);
  if (!standing || (status === "completed" && standing.type === "approved")) return;
  const state =
    status === "completed" ? releaseText(standing) : `not released: the run is ${status}`;
  const remedy = 'members review it with "cloister agent release"';
  const message = `the model of run ${runId.slice(0, 12)} is ${state}; ${remedy}`;
  throw new CloisterError("release.not-approved", message, EXIT.refused);
}
