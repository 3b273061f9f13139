/** Charter and manifest → what a task may depend on. The same on both sides. Pure. */
import type { Charter } from "../../shared/charter/charter.ts";
import type { Manifest, ManifestPrivacy } from "../../shared/charter/manifest.ts";
import type { TaskSpec } from "../../shared/charter/task-spec.ts";
import { noiseCohort, noiseInflation } from "../../shared/privacy/mechanism/noise-share.ts";
import type { TaskContext } from "./task.ts";

export function contextOf(charter: Charter, manifest: Manifest): TaskContext<TaskSpec> {
  const { privacy } = manifest;
  return {
    spec: manifest.task,
    schema: charter.schema,
    noise: privacy && {
      trainMultiplier: privacy.trainMultiplier,
      holdoutMultiplier: privacy.holdoutMultiplier,
      unitsExpected: privacy.unitsExpected,
      inflation: inflationOf(privacy, manifest.roster.length),
      ...(privacy.decoys !== undefined && {
        pools: { perPool: privacy.decoys, delta: privacy.delta },
      }),
    },
    rowsMax: charter.rowsMax,
    memberCount: manifest.roster.length,
    memberIds: manifest.roster.map(({ memberId }) => memberId),
    ...(charter.minimums.cell !== undefined && { cellMin: charter.minimums.cell }),
  };
}

/** Of the noise, against what is guaranteed, if every member answers. Where nobody honest would be left, the policy refuses the run: it has no inflation to speak of. */
export function inflationOf(
  { noisePlacement = "distributed", maxDropouts, maxColluders }: ManifestPrivacy,
  memberCount: number,
): number {
  if (noisePlacement === "central") return 1;
  const cohort = noiseCohort({ memberCount, maxDropouts, maxColluders }, noisePlacement);
  const isAnybodyLeft = memberCount > cohort.maxDropouts + cohort.maxColluders;
  return isAnybodyLeft ? noiseInflation(cohort) : 1;
}
