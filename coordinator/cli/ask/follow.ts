/** EDGE: waits for a question's run with its progress on standard error, so that the answer has standard output. */
import { CloisterError, EXIT } from "../../../shared/base/errors.ts";
import { Progress } from "../../../shared/edge/progress.ts";
import type { RunEvent } from "../../run/events.ts";
import type { LiveEvent } from "../../run/ports.ts";
import type { CoordinatorClient } from "../client.ts";
import { eventLine } from "../run-lines.ts";

/**
 * @param rounds That the run plans.
 * @param isQuiet For programs: nothing is said on the way.
 * @throws {CloisterError} If the run is refused or fails, or its coordinator falls silent.
 */
export async function followToEnd(
  client: CoordinatorClient,
  runId: string,
  rounds: number,
  isQuiet: boolean,
): Promise<void> {
  const progress = new Progress(process.stderr);
  const path = `/v1/runs/${encodeURIComponent(runId)}/events`;
  for await (const event of client.lines<RunEvent | LiveEvent>(path)) {
    if (!isQuiet) show(progress, event, rounds);
    if (event.type === "completed") return progress.clear();
    if (event.type === "failed") throw ended(`the run failed: ${event.reason}`, EXIT.failed);
    if (event.type === "refused")
      throw ended(
        event.code === "amended"
          ? "the charter was amended before it began; ask again"
          : `the members did not let it be asked: it is ${event.code}`,
        EXIT.refused,
      );
  }
  const message = "the coordinator told no more before the run's end; is the token still good?";
  throw new CloisterError("run.not-heard", message);
}

function show(progress: Progress, event: RunEvent | LiveEvent, rounds: number): void {
  if (event.type === "completed" || event.type === "failed" || event.type === "refused") return;
  if (event.type === "roundReleased") {
    const { round, survivors, cohort, ms } = event;
    const detail = `survivors ${survivors.length}/${cohort.length}  ${ms} ms`;
    return progress.update(round + 1, rounds, detail);
  }
  const line = eventLine(event, null);
  if (line !== null) progress.say(line);
}

const ended = (message: string, exitCode: typeof EXIT.failed | typeof EXIT.refused) =>
  new CloisterError("ask.no-answer", message, exitCode);
