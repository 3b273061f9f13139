/** A plan becomes a manifest whose noise gives the ε that it names: agents refuse any other. */
import { expect, test } from "vitest";
import { buildManifest } from "../../../coordinator/run/plan.ts";
import { taskFactsOf } from "../../../models/tasks/task-facts.ts";
import { reproducibleRng } from "../../../shared/base/reproducible.ts";
import { charterHash } from "../../../shared/charter/charter.ts";
import { Plan } from "../../../shared/charter/manifest.ts";
import { memberIds, smallCharter } from "../../support/charters.ts";
import { COORDINATOR_KEY, enrolled, TRAIN_TASK } from "../../support/manifests.ts";

test.each([
  [3, 8],
  [2.5, 8.25],
  [1, 24.5],
  [0.3, 64.5],
])("a plan of ε %d under a budget at order %d", (epsilon, rdpOrder) => {
  const budget = { epsilon: 3, delta: 1e-5, rdpOrder };
  const charter = smallCharter(memberIds(3), { budget });
  const members = charter.members.map((name) => enrolled(name, charterHash(charter)));
  const plan = Plan.parse({ task: TRAIN_TASK, privacy: { epsilon, maxDropouts: 0 } });
  const inputs = { plan, charter, members, coordinatorKey: COORDINATOR_KEY, nowMs: 0 };
  const manifest = buildManifest({ ...inputs, rng: reproducibleRng("plan") });
  expect(taskFactsOf(charter, manifest).faults).toEqual([]);
});
