/** What a member sees of an overlap before it approves: what customers are matched by, and how many it would bring. */
import { expect, test } from "vitest";
import { previewLines } from "../../../agent/preview/lines.ts";
import { TaskSpec } from "../../../shared/charter/task-spec.ts";
import { memberIds, smallCharter } from "../../support/charters.ts";
import { PRIVACY } from "../../support/manifests.ts";
import { previewedMember } from "./member.ts";

const base = smallCharter(memberIds(3));
const TERMS = {
  schema: { ...base.schema, identifiers: [{ name: "customer", type: "text" as const }] },
  columns: { customer: { feature: true, group: false, join: true, sums: "allowed" as const } },
  tasks: ["overlap" as const],
};
const TASK = TaskSpec.parse({
  kind: "overlap",
  column: "customer",
  sizeExpected: 2000,
  slots: 256,
  salt: "5a17".repeat(8),
});

test("matched columns are named, and the member alone is told how many identifiers it has", async () => {
  const { preview, table } = await previewedMember({ task: TASK, privacy: PRIVACY }, TERMS);
  const shown = preview();
  const lines = previewLines(shown);
  expect(lines).toContain("  match   customer");
  const { unitCount } = table;
  expect(unitCount).toBeGreaterThan(50);
  expect(shown.sample?.notes[0]).toBe(
    `column customer: ${unitCount} different identifiers take part; 0 rows have none, 0 rows none that is valid`,
  );
  expect(lines.join("\n")).toContain("takes part as if it had none");
  // For others to see: without this member's numbers.
  const open = previewLines(preview(false)).join("\n");
  expect(open).toContain("  match   customer");
  expect(open).not.toContain(`${unitCount} different`);
});

test("a column whose values are added up is named as that, and what leaves for it by name", async () => {
  const task = TaskSpec.parse({ ...TASK, sizeExpected: 20_000, values: "amount", valueMax: 200 });
  const { preview } = await previewedMember({ task, privacy: PRIVACY }, TERMS);
  const shown = preview();
  const lines = previewLines(shown).join("\n");
  expect(lines).toContain(
    "  asks how many customers two members share, by customer, of each up to 1; what those of every member come to in amount whom another has too, 200 each at most; sizes untold",
  );
  expect(lines).toMatch(/ {2}read .*\bamount\b/);
  expect(lines).toMatch(/ {2}summed .*\bamount\b/);
  expect(lines).toContain("sketch of amount of member 3");
  expect(shown.sample?.notes[1]).toMatch(
    /^column amount: the rows of each are added up, .* \d+ customers come to more than 200 and count as that$/,
  );
});
