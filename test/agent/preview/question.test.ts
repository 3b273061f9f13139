/** What a member sees of a question before it approves: statistic and conditions, not only what it reads. */
import { expect, test } from "vitest";
import { previewLines } from "../../../agent/preview/lines.ts";
import { TaskSpec } from "../../../shared/charter/task-spec.ts";
import { PRIVACY } from "../../support/manifests.ts";
import { previewedMember } from "./member.ts";

test.each([
  [{}, "  asks count; of all rows"],
  [
    { where: [{ column: "amount", is: ">", value: 100 }] },
    "  asks count; of rows with amount > 100",
  ],
  [
    { by: [{ column: "channel" }, { column: "amount", edges: [100, 500] }] },
    "  asks count by channel, amount at 100, 500; of all rows",
  ],
])("the question itself: %j", async (asked, line) => {
  const task = TaskSpec.parse({ kind: "query", statistic: { kind: "count" }, ...asked });
  const { preview } = await previewedMember({ task, privacy: PRIVACY }, { tasks: ["query"] });
  expect(previewLines(preview())).toContain(line);
});
