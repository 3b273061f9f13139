/** EDGE: how often canaries alone refute the claim, for each planted bug: the table in docs/privacy-audit.md. */
import { ONE_RUN } from "./layers.ts";
import { isRefuted, oneRunAudit } from "./one-run.ts";
import { plantedBugs } from "./planted.ts";
import { DISTRIBUTED } from "./settings.ts";

const CLAIMS = [1, 3];
const CANARIES = [1000, 10_000];

/** Markdown, one line a bug. @param runs Of each bug in each setting. */
export function* powerTable(
  runs: number,
  seed: string,
  say: (progress: string) => void,
): Generator<string> {
  const columns = CLAIMS.flatMap((epsilon) => CANARIES.map((canaries) => ({ epsilon, canaries })));
  yield `| planted bug | ${columns.map((c) => `ε ${c.epsilon}, m = ${c.canaries}`).join(" | ")} |`;
  yield `| --- |${columns.map(() => " --- |").join("")}`;
  for (const bug of [undefined, ...plantedBugs(DISTRIBUTED.members)]) {
    const name = bug?.name ?? "none";
    say(name);
    const cells = columns.map(({ epsilon, canaries }) => {
      const audits = Array.from({ length: runs }, (_, run) =>
        oneRunAudit({ ...DISTRIBUTED, epsilon }, { ...ONE_RUN, canaries }, `${seed} ${run}`, bug),
      );
      const mean = audits.reduce((sum, { gaussian }) => sum + gaussian, 0) / runs;
      const caught = audits.filter(isRefuted).length;
      return `${Math.round((100 * caught) / runs)} % (${mean.toFixed(2)})`;
    });
    yield `| ${name} | ${cells.join(" | ")} |`;
  }
}
