/** EDGE: where the release of a run's model stands, and who reviewed it, in lines for a terminal. */
import type { Charter } from "../charter/charter.ts";
import { type ReleaseDecision, releaseStanding, releaseText } from "../charter/release.ts";

/** Empty: the charter asks for no review. */
export function releaseLines(
  charter: Pick<Charter, "governance">,
  decisions: readonly ReleaseDecision[],
): string[] {
  const standing = releaseStanding(charter, decisions);
  if (!standing) return [];
  const words = decisions.map(({ memberId, decision, reviewer, reason, atMs }) => {
    const on = new Date(atMs).toISOString().slice(0, 10);
    return `  ${memberId} ${decision} the release on ${on} (${reviewer}): ${reason}`;
  });
  return [`  model ${releaseText(standing)}`, ...words];
}
