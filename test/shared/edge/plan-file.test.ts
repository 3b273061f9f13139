/** A plan that names the file of its topology is the plan with that topology in it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readPlan } from "../../../shared/edge/plan-file.ts";
import { functional, input } from "../../models/topologies.ts";

const folder = mkdtempSync(join(tmpdir(), "plan-"));
afterAll(() => rmSync(folder, { recursive: true }));

const topology = functional(input("numbers", 2), ["Dense", "score", { units: 1 }, "numbers"]);

function planWith(model: string): () => ReturnType<typeof readPlan> {
  const path = join(folder, "plan.yaml");
  const strategy = "{ kind: fedAvg, rounds: 2, learningRate: 0.1 }";
  const evaluation = "{ everyRounds: null, bins: 32 }";
  const task = `{ kind: train, model: ${model}, scaling: bounds, strategy: ${strategy}, evaluation: ${evaluation} }`;
  writeFileSync(path, `task: ${task}\nprivacy: none\n`);
  return () => readPlan(path);
}

function save(name: string, content: unknown): void {
  mkdirSync(join(folder, "models"), { recursive: true });
  const text = typeof content === "string" ? content : JSON.stringify(content);
  writeFileSync(join(folder, "models", name), text);
}

test("the file is found beside the plan; its list of weights is left behind", () => {
  const expected = planWith(`{ topology: ${JSON.stringify(topology)}, seed: s }`)();
  save("whole.json", { format: "layers-model", modelTopology: topology, weightsManifest: [] });
  expect(planWith("{ topologyFile: models/whole.json, seed: s }")()).toEqual(expected);
  save("bare.json", topology);
  expect(planWith("{ topologyFile: ./models/bare.json, seed: s }")()).toEqual(expected);
  expect(planWith("{ hidden: [3] }")().task).toMatchObject({ model: { hidden: [3] } });
});

test("what is no topology is refused with the file's name or the layer's", () => {
  expect(planWith("{ topologyFile: models/none.json }")).toThrow("none.json: cannot be read");
  save("cut.json", '{"class_name": "Mod');
  expect(planWith("{ topologyFile: models/cut.json }")).toThrow("cut.json: not valid JSON");
  save("other.json", { class_name: "Pipeline" });
  expect(planWith("{ topologyFile: models/other.json }")).toThrow("no LayersModel");
  save("bad.json", functional(input("numbers", 2), ["BatchNormalization", "bn", {}, "numbers"]));
  expect(planWith("{ topologyFile: models/bad.json }")).toThrow('layer "bn": BatchNormalization');
  const both = `{ topologyFile: models/bare.json, topology: ${JSON.stringify(topology)} }`;
  expect(planWith(both)).toThrow("topologyFile");
});
