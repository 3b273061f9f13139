/** What the ring's rounding leaves of a bounded vector, at the charter's default bound on rows. */
import { expect, test } from "vitest";
import { defaultTrainTask, fedAvgTask } from "../../../models/tasks/defaults.ts";
import { trainTask } from "../../../models/tasks/train/train.ts";
import type { TrainTask } from "../../../shared/charter/task-spec.ts";
import { quantizerScale } from "../../../shared/privacy/encoding/quantize.ts";
import { schemaOf } from "../fixtures.ts";

const MEMBERS = 10;
const ROWS_MAX = 1_000_000;

/** The value of one level of a ring element, in the vector's own unit. */
function levelOf(spec: TrainTask, askKind: string): number {
  const schema = schemaOf(["number"]);
  const context = { spec, schema, noise: null, rowsMax: ROWS_MAX, memberCount: MEMBERS };
  const { release } = trainTask.shapeOf(context, askKind);
  if (release.kind !== "bounded") throw new Error("without noise every release is bounded");
  return 1 / quantizerScale({ ...release, memberCount: MEMBERS }).scale;
}

test("rounding is small beside one unit's gradient, so that members with few rows count", () => {
  const spec = defaultTrainTask({ noised: true });
  expect(levelOf(spec, "gradient") / spec.strategy.clipNorm).toBeLessThan(0.02);
});

test("rounding is small beside the weight and update of a member with a thousand rows", () => {
  const spec = fedAvgTask();
  expect(levelOf(spec, "update") / (1000 / ROWS_MAX)).toBeLessThan(0.02);
});

test("rounding is small beside one row's part of the moments", () => {
  expect(levelOf(fedAvgTask(), "moments")).toBeLessThan(0.02);
});
