/** What a member sees of a question before it approves: statistic and conditions, not only what it reads. */
import { expect, test } from "vitest";
import { previewLines } from "../../../agent/preview/lines.ts";
import { TaskSpec } from "../../../shared/charter/task-spec.ts";
import { PRIVACY } from "../../support/manifests.ts";
import { previewedMember } from "./member.ts";

test.each([
  [[], "  asks count; of all rows"],
  [[{ column: "amount", is: ">", value: 100 }], "  asks count; of rows with amount > 100"],
])("the question itself: %j", async (where, line) => {
  const task = TaskSpec.parse({ kind: "query", statistic: { kind: "count" }, where });
  const { preview } = await previewedMember({ task, privacy: PRIVACY }, { tasks: ["query"] });
  expect(previewLines(preview())).toContain(line);
});
