/** The model that an evaluation names, looked up: while its run is there, under way, deleted or another by now. */
import { expect, test } from "vitest";
import { begunWith, resolvedPlan, type Source } from "../../../coordinator/run/evaluated.ts";
import { foldRun, type RunEvent } from "../../../coordinator/run/events.ts";
import { contextOf } from "../../../models/tasks/context.ts";
import { evaluateTask } from "../../../models/tasks/evaluate/evaluate.ts";
import { begunTraining, trainTask } from "../../../models/tasks/train/train.ts";
import { badInput } from "../../../shared/base/errors.ts";
import type { Charter } from "../../../shared/charter/charter.ts";
import { Plan, PlanRequest } from "../../../shared/charter/manifest.ts";
import { memberIds, smallCharter } from "../../support/charters.ts";
import { signedManifest, TRAIN_TASK } from "../../support/manifests.ts";

const CHARTER = { ...smallCharter(memberIds(3)), tasks: ["train" as const, "evaluate" as const] };
const TRAINED = signedManifest(CHARTER);
const RUN = "5a".repeat(32);
const at = { runId: RUN, atMs: 5 };

function sourceOf(
  state: Uint8Array | null,
  last: RunEvent["type"] = "completed",
  charter: Charter = CHARTER,
): Source {
  const events = [
    { ...at, type: "created", manifest: TRAINED },
    { ...at, type: "begun" },
    ...(last === "completed" ? [{ ...at, type: "completed", head: "00".repeat(32) }] : []),
  ];
  const run = foldRun(events as RunEvent[]);
  if (!run) throw new Error("a log is a run");
  return { run, charter, state };
}

function trainedState(loss: number): Uint8Array {
  if (TRAIN_TASK.kind !== "train") throw new Error("it trains");
  const context = { ...contextOf(CHARTER, TRAINED), spec: TRAIN_TASK };
  const begun = begunTraining(context);
  return trainTask.encodeState({ ...begun, params: begun.params.map((x) => x + loss) });
}

const STATE = trainedState(0.5);
const finding = (source: Source) => ({
  source: (prefix: string, room: string): Source => {
    expect([RUN.startsWith(prefix), room]).toEqual([true, CHARTER.room]);
    return source;
  },
});
const REQUEST = PlanRequest.parse({ task: { kind: "evaluate", model: "5a5a" }, privacy: "none" });

test("a plan that names a run becomes one that names its model, by its hash; others stay as they are", () => {
  const plan = resolvedPlan(REQUEST, CHARTER, finding(sourceOf(STATE)));
  expect(plan.task).toMatchObject({ model: { run: RUN, made: { kind: "net" } } });
  const train = Plan.parse({ task: TRAIN_TASK, privacy: "none" });
  expect(resolvedPlan(train, CHARTER, finding(sourceOf(null)))).toEqual(train);
  expect(resolvedPlan(plan, CHARTER, finding(sourceOf(null)))).toEqual(plan);

  const manifest = signedManifest(CHARTER, { task: plan.task, privacy: null });
  const bytes = begunWith(CHARTER, manifest, finding(sourceOf(STATE)));
  if (!bytes || manifest.task.kind !== "evaluate") throw new Error("it begins");
  const context = { ...contextOf(CHARTER, manifest), spec: manifest.task };
  const ask = evaluateTask.nextAsk(context, evaluateTask.decodeState(context, bytes));
  expect(ask?.input.length).toBeGreaterThan(0);
});

test("a run under way has no released model, and a deleted one has none any more", () => {
  const asking = (source: Source) => () => resolvedPlan(REQUEST, CHARTER, finding(source));
  expect(asking(sourceOf(STATE, "begun"))).toThrow("only a completed run's model is released");
  expect(asking(sourceOf(null))).toThrow("has no model");
  const { label } = CHARTER.schema;
  const earlier = {
    ...CHARTER,
    schema: { ...CHARTER.schema, label: { ...label, positive: "yes" } },
  };
  expect(asking(sourceOf(STATE, "completed", earlier))).toThrow("whose schema was another");
});

test("an approved evaluation whose model is gone, or another by now, begins with nothing", () => {
  const { task } = resolvedPlan(REQUEST, CHARTER, finding(sourceOf(STATE)));
  const manifest = signedManifest(CHARTER, { task, privacy: null });
  expect(begunWith(CHARTER, manifest, finding(sourceOf(null)))).toBeNull();
  expect(begunWith(CHARTER, manifest, finding(sourceOf(trainedState(0.25))))).toBeNull();
  const gone = {
    source: (): Source => {
      throw badInput("run.unknown", "no such run");
    },
  };
  expect(begunWith(CHARTER, manifest, gone)).toBeNull();
  expect(begunWith(CHARTER, TRAINED, gone)).toBeNull();
});

test("what a plan may say of a model is a run, not the model's own numbers", () => {
  const { task } = resolvedPlan(REQUEST, CHARTER, finding(sourceOf(STATE)));
  expect(PlanRequest.safeParse({ task, privacy: "none" }).success).toBe(false);
  expect(Plan.safeParse(REQUEST).success).toBe(false);
});
