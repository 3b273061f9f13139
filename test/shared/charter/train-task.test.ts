/** Training plans that make no sense are refused, in a line that names the field and what to do. */
import { expect, test } from "vitest";
import { parseOrRefuse } from "../../../shared/charter/charter.ts";
import { Plan } from "../../../shared/charter/manifest.ts";

const FED_AVG = { kind: "fedAvg", rounds: 10, learningRate: 0.1 };
const DP_SGD = {
  kind: "dpSgd",
  rounds: 10,
  samplingProbability: 0.1,
  clipNorm: 1,
  learningRate: 1,
};
const EVALUATION = { everyRounds: 2, bins: 16 };

function plan(parts: object): unknown {
  const task = { kind: "train", model: { hidden: [8] }, scaling: "bounds", strategy: FED_AVG };
  return { task: { ...task, evaluation: EVALUATION, ...parts }, privacy: "none" };
}

const parsed = (parts: object): unknown => parseOrRefuse(Plan, plan(parts), "plan.yaml");

test.each([
  [
    { loss: { kind: "focal", priorCorrection: {} } },
    "task.loss.priorCorrection",
    "use kind: crossEntropy",
  ],
  [{ loss: { kind: "crossEntropy", gamma: 2 } }, "task.loss.gamma", "use kind: focal"],
  [
    { loss: { kind: "crossEntropy", priorCorrection: {} } },
    "task.loss.priorCorrection",
    "nothing to correct",
  ],
  [
    { loss: { kind: "crossEntropy", positiveShare: 0.1 } },
    "task.loss.positiveShare",
    "leave it out",
  ],
  [
    { strategy: { ...FED_AVG, kind: "scaffold", localOptimizer: "adam" } },
    "task.strategy.localOptimizer",
    "use sgd",
  ],
  [
    { strategy: { ...FED_AVG, kind: "fedProx" } },
    "task.strategy.proximal",
    "is missing; write a number",
  ],
  [
    { strategy: { ...FED_AVG, personalLayers: 2 } },
    "task.strategy.personalLayers",
    "one at least must be everybody's",
  ],
  [
    { strategy: { ...FED_AVG, personalLayers: 1 }, evaluation: { ...EVALUATION, select: "best" } },
    "task.evaluation.select",
    "does not go with personalLayers",
  ],
  [
    {
      strategy: { ...FED_AVG, personalLayers: 1 },
      loss: { kind: "crossEntropy", positiveWeight: 3, priorCorrection: {} },
    },
    "task.loss.priorCorrection",
    "does not go with personalLayers",
  ],
  [
    { strategy: { ...FED_AVG, learningRateSchedule: { kind: "cosine", warmupRounds: 10 } } },
    "task.strategy.learningRateSchedule.warmupRounds",
    "below the 10 training rounds",
  ],
  [
    { strategy: { ...DP_SGD, adaptiveClipping: {}, clipSchedule: { kind: "constant" } } },
    "task.strategy.clipSchedule",
    "does not go with adaptiveClipping",
  ],
  [{ evaluation: { ...EVALUATION, metric: "prAuc" } }, "task.evaluation.metric", "leave it out"],
  [
    { evaluation: { everyRounds: null, bins: 16, select: "best" } },
    "task.evaluation.everyRounds",
    "give a number of rounds",
  ],
  [
    { evaluation: { ...EVALUATION, earlyStopping: { patience: 5 } } },
    "task.evaluation.earlyStopping",
    "10 rounds have 5 evaluations",
  ],
  [{ model: { hidden: [0] } }, "task.model.hidden.0", "0 is below 1, the least"],
  [
    { model: { hidden: [8], activation: "sigmoid" } },
    "task.model.activation",
    "write one of relu, tanh",
  ],
  [{ model: { hiden: [8] } }, "task.model", "give one of hidden, autoencoder, topology"],
  [{ model: { hidden: [8], sed: "x" } }, "task.model", "remove it or correct its spelling"],
  [
    { model: { hidden: [0, 0, 0], activation: "x" } },
    "task.model.hidden.0",
    "0 is below 1, the least",
  ],
  [
    { model: { autoencoder: { hidden: [] } } },
    "task.model.autoencoder.hidden",
    "has 0 entries, and 1 is the least",
  ],
  [
    { model: { autoencoder: { hidden: [2], activation: "sigmoid" } } },
    "task.model.autoencoder.activation",
    "write one of relu, tanh",
  ],
  [
    { model: { hidden: [8], autoencoder: { hidden: [2] } } },
    "task.model",
    "give one of hidden, autoencoder, topology",
  ],
  [{ model: { topology: { layers: [] } } }, "task.model.topology", "class_name"],
  [
    { model: { autoencoder: { hidden: [2] } }, loss: { kind: "focal" } },
    "task.loss",
    "does not go with an autoencoder",
  ],
  [
    {
      model: { autoencoder: { hidden: [2] } },
      strategy: { ...FED_AVG, personalLayers: 2 },
    },
    "task.strategy.personalLayers",
    "one at least must be everybody's",
  ],
])("%j is refused at %s", (parts, place, reason) => {
  expect(() => parsed(parts)).toThrow(`plan.yaml at "${place}"`);
  expect(() => parsed(parts)).toThrow(reason);
});

test.each([
  { strategy: { ...FED_AVG, server: { kind: "yogi", learningRate: 0.1 }, personalLayers: 1 } },
  { strategy: { ...FED_AVG, kind: "fedProx", proximal: 0.1, server: { kind: "momentum" } } },
  { strategy: { ...FED_AVG, kind: "scaffold", personalLayers: 1 } },
  {
    strategy: {
      ...DP_SGD,
      learningRateSchedule: { kind: "cosine" },
      clipSchedule: { kind: "constant" },
    },
  },
  { loss: { kind: "focal", positiveWeight: "balanced" } },
  { model: { autoencoder: { hidden: [16, 4, 16] } } },
  { loss: { kind: "crossEntropy", priorCorrection: { deployedShare: 0.01 } } },
  {
    evaluation: { ...EVALUATION, metric: "prAuc", select: "best", earlyStopping: { patience: 2 } },
  },
])("%j is a plan", (parts) => {
  expect(() => parsed(parts)).not.toThrow();
});

test("a plan of before means what it meant: nothing is added that would change its hash", () => {
  const found = Plan.parse(plan({}));
  if (found.task.kind !== "train") throw new Error("it is a training plan");
  expect(found.task.strategy).toEqual({
    ...FED_AVG,
    localEpochs: 1,
    batchSize: 256,
    clipNorm: 10,
    localOptimizer: "adam",
  });
  expect(Object.keys(found.task)).not.toContain("loss");
  expect(found.task.evaluation).toEqual({ ...EVALUATION, rowsPerUnitMax: 16 });
});

test("where a field may also be a word, what is wrong is said of the object that was given", () => {
  const noised = (privacy: unknown) => () =>
    parseOrRefuse(Plan, { ...Object(plan({})), privacy }, "plan.yaml");
  expect(noised({ epsilon: -1 })).toThrow('plan.yaml at "privacy.epsilon": -1 is not above 0');
  expect(noised("some")).toThrow('plan.yaml at "privacy": write none, or { epsilon: E }');
});
