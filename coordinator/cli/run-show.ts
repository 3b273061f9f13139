/** EDGE: `cloister run show`: one run: where it stands, who said what of it, and whether its model is released. */

import { short } from "../../shared/audit/check.ts";
import { counted } from "../../shared/base/counted.ts";
import { releaseText } from "../../shared/charter/release.ts";
import { print, printJson } from "../../shared/edge/terminal.ts";
import type { ReleaseView } from "../room/releases.ts";
import { computedBy } from "../run/computed.ts";
import type { RunSummary } from "../run/events.ts";
import { CoordinatorClient } from "./client.ts";
import { metricsText } from "./metrics-text.ts";
import type { Common } from "./options.ts";

export async function showRun(run: string, { json, ...connection }: Common): Promise<void> {
  const client = CoordinatorClient.from(connection);
  const path = `/v1/runs/${encodeURIComponent(run)}`;
  const summary = await client.get<RunSummary>(path);
  const release = await client.get<ReleaseView>(`/v1/runs/${summary.runId}/release`);
  if (json) return printJson({ ...summary, release });
  for (const line of [...runLines(summary), ...releaseLines(release)]) print(line);
}

function runLines(summary: RunSummary): string[] {
  const { runId, manifest, status, reason, rounds, decisions } = summary;
  const { room, task } = manifest;
  const metrics = rounds.findLast((round) => round.metrics)?.metrics ?? null;
  const why = reason === null ? "" : `: ${reason}`;
  return [
    `Run ${runId}`,
    `  ${room}  ${task.kind}  ${status}${why}, ${counted(rounds.length, "round")}`,
    ...(metrics ? [`  last evaluation: ${metricsText(metrics, manifest)}`] : []),
    ...decisions.map(({ memberId, decision, reasons }) => {
      const because = reasons.map(({ message }) => message).join("; ");
      return `  ${memberId} ${decision}${because && `: ${because}`}`;
    }),
    ...computedBy(summary).map(
      ({ engine, memberIds }) => `  computed by ${engine} at ${memberIds.join(", ")}`,
    ),
  ];
}

function releaseLines({ reviewed, standing, decisions }: ReleaseView): string[] {
  if (!reviewed?.modelHash) return [];
  const model = `  model ${short(reviewed.modelHash)}`;
  if (!standing) return [`${model}, released: the charter asks for no review`];
  const words = decisions.map(
    ({ memberId, decision, reviewer, reason }) =>
      `  ${memberId} ${decision} the release (${reviewer}): ${reason}`,
  );
  return [`${model}, ${releaseText(standing)}`, ...words];
}
