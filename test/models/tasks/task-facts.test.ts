/** What a policy is told of each kind of model, and why one cannot be trained. */
import { expect, test } from "vitest";
import { taskFactsOf } from "../../../models/tasks/task-facts.ts";
import type { Charter } from "../../../shared/charter/charter.ts";
import { TaskSpec } from "../../../shared/charter/task-spec.ts";
import { memberIds, smallCharter } from "../../support/charters.ts";
import { signedManifest, TRAIN_TASK } from "../../support/manifests.ts";

const plain = smallCharter(memberIds(3));
const unlabelled: Charter = {
  ...plain,
  schema: { ...plain.schema, label: { ...plain.schema.label, missing: "allow" } },
};

function factsOf(charter: Charter, model: object) {
  const task = TaskSpec.parse({ ...TRAIN_TASK, model });
  return taskFactsOf(charter, signedManifest(charter, { task }));
}

test("an autoencoder's longest vector is longer than a like net's: its output is as wide as its input", () => {
  const autoencoder = { autoencoder: { hidden: [2] } };
  const net = factsOf(plain, { hidden: [2] });
  const facts = factsOf(unlabelled, autoencoder);
  expect(facts.faults).toEqual([]);
  expect(facts).toMatchObject({ sums: net.sums, columns: net.columns, bins: 8 });
  expect(facts.dimensionMax).toBeGreaterThan(net.dimensionMax);
});

test("a topology that does not fit the schema is at fault, in words", () => {
  const layer = { class_name: "Dense", config: { name: "score", units: 1 } };
  const over = (width: number) => {
    const config = { ...layer.config, batch_input_shape: [null, width] };
    const layers = [{ ...layer, config }];
    return factsOf(plain, { topology: { class_name: "Sequential", config: { layers } } });
  };
  const width = plain.schema.features.reduce((sum, feature) => {
    if (feature.type === "category") return sum + feature.categories.length + 1;
    return sum + (feature.missing === "indicator" ? 2 : 1);
  }, 0);
  expect(over(width)).toMatchObject({ ...factsOf(plain, { hidden: [] }), faults: [] });
  const [fault] = over(width + 3).faults;
  expect(fault).toEqual({
    code: "taskUnusable",
    message: expect.stringContaining(String(width + 3)),
  });
});

test("a model that learns labels is at fault where they may be missing, in words", () => {
  const { faults, sums } = factsOf(unlabelled, { hidden: [2] });
  expect(sums).toBe(0);
  expect(faults).toEqual([
    { code: "taskUnusable", message: expect.stringContaining("lets labels be missing") },
  ]);
});
