/** What a member sees of an exact matching before it approves: what leaves, who counts, and how much it would bring. */
import { expect, test } from "vitest";
import { previewLines } from "../../../agent/preview/lines.ts";
import { TaskSpec } from "../../../shared/charter/task-spec.ts";
import { memberIds, smallCharter } from "../../support/charters.ts";
import { previewedMember } from "./member.ts";

const base = smallCharter(memberIds(3));
const TERMS = {
  schema: { ...base.schema, identifiers: [{ name: "customer", type: "text" as const }] },
  columns: { customer: { feature: true, group: false, join: true, sums: "allowed" as const } },
  tasks: ["match" as const],
};
const TASK = TaskSpec.parse({ kind: "match", column: "customer", setSize: 2000 });

/** ε = 3 at the charter's δ and order. */
const NOISED = {
  ...{
    epsilon: 3,
    delta: base.privacy.budget?.delta ?? 0,
    unitsExpected: base.privacy.unitsExpected ?? 0,
  },
  ...{ trainMultiplier: 1, holdoutMultiplier: 1, maxDropouts: 0, maxColluders: 2, decoys: 72 },
};

test("points, not sums, are what leaves; only the member is told how many identifiers it has", async () => {
  const { preview, table } = await previewedMember({ task: TASK, privacy: null }, TERMS);
  const text = previewLines(preview()).join("\n");
  for (const part of [
    "  match   customer",
    "3 sets of 2000 masked points",
    "no noise: the coordinator counts",
    "which identifiers these are, and who has which",
    `column customer: ${table.unitCount} different identifiers`,
    "takes part with dummies alone",
    "THIS STAYS ON THIS SCREEN",
  ])
    expect(text).toContain(part);
  expect(text).not.toContain("opens sums");
  const open = previewLines(preview(false)).join("\n");
  expect(open).toContain("3 sets of 2000 masked points");
  expect(open).not.toContain(`${table.unitCount} different`);
});

test("with noise what it costs and what it holds against is said, and nothing of a least size", async () => {
  const { preview, table } = await previewedMember({ task: TASK, privacy: NOISED }, TERMS);
  const text = previewLines(preview()).join("\n");
  for (const part of [
    `3 sets of ${2000 + 8 * 72} masked points`,
    `of ${4 * 72} decoys each goes into its set or not by a coin`,
    "against the coordinator with all other members",
    "no noise hides that",
    "train: 1 noised answer",
    "holdout: 1 noised answer",
    `column customer: ${table.unitCount} different identifiers`,
  ])
    expect(text).toContain(part);
  expect(text).not.toContain("no noise: the coordinator");
  expect(text).not.toContain("dummies alone");
});

test("one that cannot be carried out says why, and shows nothing of the member's own", async () => {
  const refused = { ...TERMS, schema: base.schema };
  const { preview } = await previewedMember({ task: TASK, privacy: null }, refused);
  const text = previewLines(preview()).join("\n");
  expect(text).toContain("the charter's schema lists none");
  expect(text).not.toContain("masked points");
  expect(text).not.toContain("different identifiers");
});
