/** A plan of an overlap becomes a manifest with a salt of its own, in whose sums nobody may be missing. */
import { expect, test } from "vitest";
import { buildManifest } from "../../../coordinator/run/plan.ts";
import { taskFactsOf } from "../../../models/tasks/task-facts.ts";
import { reproducibleRng } from "../../../shared/base/reproducible.ts";
import { Charter, charterHash } from "../../../shared/charter/charter.ts";
import { type Manifest, Plan } from "../../../shared/charter/manifest.ts";
import { memberIds, smallCharter } from "../../support/charters.ts";
import { COORDINATOR_KEY, enrolled } from "../../support/manifests.ts";

const budget = { epsilon: 3, delta: 1e-5, rdpOrder: 24.5 };
const base = smallCharter(memberIds(5), { budget });
const charter = Charter.parse({
  ...base,
  schema: { ...base.schema, identifiers: [{ name: "mail", type: "email" }] },
  columns: { mail: { join: true } },
  tasks: ["overlap"],
});
const TASK = { kind: "overlap", column: "mail", sizeExpected: 100_000 };

function planned(task: object, privacy: object = { epsilon: 1 }, seed = "plan"): Manifest {
  const members = charter.members.map((name) => enrolled(name, charterHash(charter)));
  const plan = Plan.parse({ task, privacy });
  const inputs = { plan, charter, members, coordinatorKey: COORDINATOR_KEY, nowMs: 0 };
  return buildManifest({ ...inputs, rng: reproducibleRng(seed) });
}

const saltOf = ({ task }: Manifest): string | undefined =>
  task.kind === "overlap" ? task.salt : undefined;

test("the salt is drawn anew for each manifest, unless the plan gives one", () => {
  const [first, second] = [planned(TASK), planned(TASK, { epsilon: 1 }, "another")];
  expect(saltOf(first)).toMatch(/^[0-9a-f]{32}$/);
  expect(saltOf(second)).toMatch(/^[0-9a-f]{32}$/);
  expect(saltOf(first)).not.toBe(saltOf(second));
  const salt = "5a17".repeat(8);
  expect(saltOf(planned({ ...TASK, salt }))).toBe(salt);
});

test("no drop-out is allowed for, and nobody's agent has anything against it", () => {
  const manifest = planned(TASK);
  expect(manifest.privacy?.maxDropouts).toBe(0);
  expect(taskFactsOf(charter, manifest).faults).toEqual([]);
  const missing = planned(TASK, { epsilon: 1, maxDropouts: 1 });
  expect(taskFactsOf(charter, missing).faults.map(({ code }) => code)).toEqual([
    "everyMemberNeeded",
  ]);
});

test("what would tell nothing is refused before it is proposed, and so is what has no noise", () => {
  expect(() => planned({ ...TASK, sizeExpected: 1000 }, { epsilon: 0.6 })).toThrow("use more ε");
  expect(() => planned({ ...TASK, column: "amount" })).toThrow("the charter lists mail");
});
