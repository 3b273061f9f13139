/** EDGE: a run's plan from its file, and from the file of a topology that it may name. */
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { badInput } from "../base/errors.ts";
import { parseOrRefuse } from "../charter/charter.ts";
import { Plan, PlanRequest } from "../charter/manifest.ts";
import { readSmallFile, readYaml } from "./files.ts";

/** A plan in which the model's topology is a file: what TensorFlow.js saves as model.json, or model.toJSON(). */
const ByFile = z.looseObject({
  task: z.looseObject({
    model: z.looseObject({ topologyFile: z.string().min(1), topology: z.undefined().optional() }),
  }),
});

/**
 * `task.model.topologyFile`, relative to the plan's own folder, becomes `task.model.topology`.
 *
 * @throws {CloisterError} If a file is missing, is not YAML or JSON, or is no plan.
 */
export function readPlan(path: string): Plan {
  return parseOrRefuse(Plan, planIn(path), path);
}

/** As `readPlan`; the plan may name a model by its run, which only a coordinator can look up. */
export function readPlanRequest(path: string): PlanRequest {
  return parseOrRefuse(PlanRequest, planIn(path), path);
}

function planIn(path: string): unknown {
  const value = readYaml(path, z.unknown());
  const named = ByFile.safeParse(value);
  if (!named.success) return value;
  const { topologyFile, ...model } = named.data.task.model;
  const topology = topologyOf(resolve(dirname(path), topologyFile));
  const task = { ...named.data.task, model: { ...model, topology } };
  return { ...named.data, task };
}

function topologyOf(path: string): unknown {
  const text = readSmallFile(path).toString("utf8");
  try {
    const value: unknown = JSON.parse(text);
    // The list of weights beside it is not part of a plan.
    const file = z.looseObject({ modelTopology: z.unknown() }).safeParse(value);
    return file.success ? file.data.modelTopology : value;
  } catch (cause) {
    throw badInput(
      "file.not-json",
      `${path}: not valid JSON; give the model.json that TensorFlow.js saves`,
      cause,
    );
  }
}
