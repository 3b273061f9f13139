/** Strategies against plain versions of their papers, and what SCAFFOLD does when members restart or miss rounds. */
import { describe, expect, test } from "vitest";
import type { EncodedData, PartitionedData } from "../../../models/data.ts";
import { architectureOf, initialParams } from "../../../models/engine/architecture.ts";
import { plainBackend } from "../../../models/engine/plain.ts";
import { newMemory } from "../../../models/tasks/member-memory.ts";
import type { TrainState } from "../../../models/tasks/train/state.ts";
import { identityScaling, trainTask } from "../../../models/tasks/train/train.ts";
import type { TrainTask } from "../../../shared/charter/task-spec.ts";
import { rng, schemaOf, tableOf } from "../fixtures.ts";
import { distance, type Federation, federation, round, run, trainSpec } from "./federation.ts";
import { fedProx, type Problem, pooled, scaffold } from "./reference-strategies.ts";

const schema = schemaOf(["number", "number", "number"]);
const ROWS = 40;

/** Members of one size who differ: each one's numbers lie elsewhere, and each has its own rate of positives. */
const tables: readonly EncodedData[] = [0, 1, 2].map((k) => {
  const table = tableOf(schema, ROWS, () => 1, `differs ${k}`);
  const numbers = table.numbers.map((x, i) => (i % 3 === k ? 0.2 * x + 0.8 : x));
  const labels = table.labels.map((y, row) => (row % 3 === 0 ? (k === 0 ? 1 : 0) : y));
  return { ...table, numbers, labels };
});
const members: readonly PartitionedData[] = tables.map((train) => ({ train, holdout: train }));

const HIDDEN = [4];
const LOCAL = { localEpochs: 6, batchSize: ROWS, learningRate: 0.5, localOptimizer: "sgd" };
const STEPS = { rounds: 5, steps: 6, rate: () => 0.5 };

function specOf(
  strategy: { readonly kind: string; readonly [field: string]: unknown },
  hidden: number[] = HIDDEN,
): TrainTask {
  const unclipped = {
    clipNorm: 1e3,
    ...(strategy.kind === "scaffold" && { controlClipNorm: 1e3 }),
  };
  return trainSpec({
    model: { hidden, activation: "tanh" },
    strategy: { rounds: STEPS.rounds, ...LOCAL, ...unclipped, ...strategy },
  });
}

function problemOf({ model }: TrainTask): Problem & { readonly start: Float64Array } {
  const architecture = architectureOf(schema, model);
  const start = Float64Array.from(initialParams(architecture, model.seed));
  return {
    backend: plainBackend(architecture),
    scaling: identityScaling(3),
    members: tables,
    start,
  };
}

const params = (spec: TrainTask): Float32Array => run(federation(schema, spec, members)).params;

describe("with full batches a run ends where its paper's algorithm does:", () => {
  test("FedAvg", () => {
    const spec = specOf({ kind: "fedAvg" });
    const problem = problemOf(spec);
    expect(distance(params(spec), fedProx(problem, problem.start, STEPS, 0))).toBeLessThan(1e-5);
  });

  test("one local step of FedAvg is a step on everybody's rows in one place", () => {
    const spec = specOf({ kind: "fedAvg", localEpochs: 1 });
    const problem = problemOf(spec);
    const expected = pooled(problem, problem.start, STEPS.rounds, 0.5);
    expect(distance(params(spec), expected)).toBeLessThan(1e-5);
  });

  test.each([0.1, 1])("FedProx with μ = %d", (proximal) => {
    const spec = specOf({ kind: "fedProx", proximal });
    const problem = problemOf(spec);
    const expected = fedProx(problem, problem.start, STEPS, proximal);
    expect(distance(params(spec), expected)).toBeLessThan(1e-5);
    expect(distance(expected, fedProx(problem, problem.start, STEPS, 0))).toBeGreaterThan(1e-2);
  });

  test.each([1, 0.5])("SCAFFOLD with a server step of %d", (serverLearningRate) => {
    const spec = specOf({ kind: "scaffold", serverLearningRate });
    const problem = problemOf(spec);
    const expected = scaffold(problem, problem.start, STEPS, serverLearningRate);
    expect(distance(params(spec), expected)).toBeLessThan(1e-5);
  });

  test("SCAFFOLD under a learning rate that falls", () => {
    const learningRateSchedule = { kind: "step", everyRounds: 1, factor: 0.5 };
    const spec = specOf({ kind: "scaffold", learningRateSchedule });
    const problem = problemOf(spec);
    const steps = { ...STEPS, rate: (t: number) => 0.5 ** (t + 1) };
    expect(distance(params(spec), scaffold(problem, problem.start, steps, 1))).toBeLessThan(1e-5);
  });
});

test.each(["scaffold", "fedAvg"])("an ask of %s that is repeated gets the same answer", (kind) => {
  const personal = kind === "fedAvg" ? { personalLayers: 1 } : {};
  const federated = federation(schema, specOf({ kind, ...personal }), members);
  const { context, memories } = federated;
  let state = trainTask.begin(context);
  const vectors: Float64Array[][] = [];
  for (let t = 0; t < 3; t++) {
    const ask = trainTask.nextAsk(context, state);
    const answer = (): Float64Array => {
      if (!ask || !members[0]) throw new Error("there are rounds and members");
      return trainTask.contribute(context, ask, members[0], rng("same"), memories[0]);
    };
    vectors.push([answer(), answer()]);
    state = round(federated, state);
  }
  for (const [first, again] of vectors) expect(first).toEqual(again);
});

test("a member that has lost its control variate trains uncorrected, as FedAvg does, and says where it stands", () => {
  const federated = federation(schema, specOf({ kind: "scaffold" }), members);
  const { context, memories } = federated;
  let state = trainTask.begin(context);
  for (let t = 0; t < 3; t++) state = round(federated, state);
  const plain = federation(schema, specOf({ kind: "fedAvg" }), members).context;
  const [data] = members;
  const ask = trainTask.nextAsk(context, state);
  if (!ask || !data) throw new Error("there are rounds and members");
  const count = state.params.length;
  const restarted = trainTask.contribute(context, ask, data, rng("same"), newMemory());
  const input = ask.input.subarray(0, ask.input.length - count);
  const fedAvg = trainTask.contribute(plain, { kind: "update", input }, data, rng("same"));
  expect(distance(restarted.subarray(0, count), fedAvg.subarray(0, count))).toBeLessThan(1e-12);
  const corrected = trainTask.contribute(context, ask, data, rng("same"), memories[0]);
  expect(distance(corrected, restarted)).toBeGreaterThan(1e-5);
  // Both find gradients near here, so both end with nearly the same control variate.
  const [own, other] = [corrected, restarted].map((part) => part.subarray(count, 2 * count));
  expect(distance(own ?? [], other ?? [])).toBeLessThan(0.5 * Math.hypot(...(own ?? [])));
});

test("members of different sizes count by their rows, in updates and in control variates", () => {
  const [one, two] = tables;
  if (!one || !two) throw new Error("there are three tables");
  const doubled = twice(two);
  const spec = specOf({ kind: "scaffold", batchSize: 2 * ROWS });
  const of = (parts: readonly EncodedData[]): Float32Array =>
    run(
      federation(
        schema,
        spec,
        parts.map((train) => ({ train, holdout: train })),
      ),
    ).params;
  expect(distance(of([one, doubled]), of([one, two, two]))).toBeLessThan(1e-5);
  expect(distance(of([one, doubled]), of([one, two]))).toBeGreaterThan(1e-3);
});

function twice(data: EncodedData): EncodedData {
  const unitStarts = Uint32Array.from({ length: 2 * data.rowCount + 1 }, (_, row) => row);
  const numbers = Float32Array.of(...data.numbers, ...data.numbers);
  const labels = Uint8Array.of(...data.labels, ...data.labels);
  return { ...data, rowCount: 2 * data.rowCount, numbers, labels, unitStarts };
}

describe("where members differ and take many local steps", () => {
  const many = { rounds: 150, localEpochs: 20, learningRate: 0.5 };
  const problem = problemOf(specOf({ kind: "fedAvg" }, []));
  const optimum = pooled(problem, problem.start, 6000, 1);
  const gap = (state: TrainState): number => distance(state.params, optimum);
  const spec = specOf({ kind: "scaffold", ...many }, []);
  const drifted = gap(run(federation(schema, specOf({ kind: "fedAvg", ...many }, []), members)));

  test("FedAvg ends beside the pooled optimum, SCAFFOLD at it", () => {
    expect(drifted).toBeGreaterThan(0.05);
    expect(gap(run(federation(schema, spec, members)))).toBeLessThan(0.02 * drifted);
  });

  test("a member that restarts, one that misses rounds and one whose answers are lost do not keep SCAFFOLD from it", () => {
    expect(gap(troubled(federation(schema, spec, members), 100))).toBeLessThan(0.05 * drifted);
  });

  test("as printed, a restart would leave its mark for ever", () => {
    // The same restart in the paper's own bookkeeping: the member's control variate is gone, what it sent is not.
    let isAfter = false;
    const forgetful = { ...problem, members: tables };
    const end = scaffoldWithRestart(forgetful, problem.start, many, () => {
      isAfter = true;
    });
    expect(isAfter).toBe(true);
    expect(distance(end, optimum)).toBeGreaterThan(0.3 * drifted);
  });
});

/** Restarts, absences and lost answers in the first `until` rounds. */
function troubled(federated: Federation, until: number): TrainState {
  const { context, memories } = federated;
  let state = trainTask.begin(context);
  while (trainTask.nextAsk(context, state) !== null) {
    const t = state.trainingDone;
    if (t < until && t % 20 === 7) memories[0] = newMemory();
    // A round that is lost after everybody worked on it, and asked again.
    if (t < until && t % 20 === 9) round(federated, state);
    state = round(federated, state, (k) => !(k === 1 && t < until && t % 10 < 3));
  }
  return state;
}

function scaffoldWithRestart(
  problem: Problem,
  start: Float64Array,
  {
    rounds,
    localEpochs: steps,
    learningRate: rate,
  }: { rounds: number; localEpochs: number; learningRate: number },
  restarted: () => void,
): Float64Array {
  const add = (a: Float64Array, b: Float64Array, f: number): Float64Array =>
    a.map((x, i) => x + f * (b[i] ?? 0));
  let x = start;
  let c: Float64Array = new Float64Array(start.length);
  let own: Float64Array[] = problem.members.map(() => new Float64Array(start.length));
  for (let t = 0; t < rounds; t++) {
    if (t === 5) {
      own = own.map((ci, k) => (k === 0 ? new Float64Array(ci.length) : ci));
      restarted();
    }
    const before = { x, c };
    for (const [k, data] of problem.members.entries()) {
      const ci = own[k] ?? c;
      const drift = add(before.c, ci, -1);
      let y = before.x;
      const rows = Uint32Array.from({ length: data.rowCount }, (_, row) => row);
      for (let s = 0; s < steps; s++) {
        const { gradient } = problem.backend.meanGradient(y, problem.scaling, data, rows);
        y = add(add(y, gradient, -rate), drift, -rate);
      }
      const next = add(add(ci, before.c, -1), add(before.x, y, -1), 1 / (steps * rate));
      x = add(x, add(y, before.x, -1), 1 / problem.members.length);
      c = add(c, add(next, ci, -1), 1 / problem.members.length);
      own[k] = next;
    }
  }
  return x;
}

describe.each(["scaffold", "fedAvg"] as const)("%s with a clipping bound that falls", (kind) => {
  test("every member's vector keeps within what is stated, and its update within the round's bound", () => {
    const clipSchedule = { kind: "step", everyRounds: 1, factor: 0.5 };
    const more = {
      clipSchedule,
      clipNorm: 0.05,
      ...(kind === "scaffold" && { controlClipNorm: 0.01 }),
    };
    const federated = federation(schema, specOf({ kind, ...more }), members);
    const { context, memories } = federated;
    let state = trainTask.begin(context);
    for (let t = 0; t < 4; t++) {
      const ask = trainTask.nextAsk(context, state);
      if (!ask) throw new Error("there are five rounds");
      const { release } = trainTask.shapeOf(context, ask.kind);
      if (release.kind !== "bounded") throw new Error("no noise");
      const [data] = members;
      if (!data) throw new Error("there are members");
      const part = trainTask.contribute(context, ask, data, rng("x"), memories[0]);
      const count = state.params.length;
      const weight = ROWS / context.rowsMax;
      const norm = Math.hypot(...part.subarray(0, count)) / weight;
      expect(norm).toBeCloseTo(0.05 * 0.5 ** t, 6);
      if (kind === "scaffold")
        expect(Math.hypot(...part.subarray(count, 2 * count)) / weight).toBeCloseTo(0.01, 6);
      expect(Math.hypot(...part)).toBeLessThanOrEqual(release.l2NormMax ?? 0);
      state = round(federated, state);
    }
  });
});
