/** Simulations: they learn, they repeat, members drop out, and what a room refuses is refused. */
import { expect, test } from "vitest";
import { answerBook } from "../../../bin/simulate/answers.ts";
import { federate } from "../../../bin/simulate/federation.ts";
import { inventedCharter } from "../../../bin/simulate/invented-charter.ts";
import { admitted, dealt, memberIdsOf, type NamedMember } from "../../../bin/simulate/members.ts";
import { type Line, play, type Simulation } from "../../../bin/simulate/play.ts";
import { runOf, settingOf, survivorsMinOf } from "../../../bin/simulate/setting.ts";
import { type EncodedData, type PartitionedData, UNLABELLED } from "../../../models/data.ts";
import { Plan } from "../../../shared/charter/manifest.ts";
import { membersOf, schemaOf, tableOf } from "../../models/fixtures.ts";

const schema = schemaOf(["number", "number", { onehot: 3 }]);
const whole: PartitionedData = {
  train: tableOf(schema, 1200, () => 1, "train"),
  holdout: tableOf(schema, 400, () => 1, "holdout"),
};

function planOf(
  strategy: object,
  privacy: object | "none" = "none",
  hidden: readonly number[] = [],
): Plan {
  const task = { kind: "train", model: { hidden }, scaling: "bounds", strategy };
  return Plan.parse({ task: { ...task, evaluation: { everyRounds: null, bins: 64 } }, privacy });
}
const DP_SGD = { kind: "dpSgd", rounds: 20, samplingProbability: 0.2, clipNorm: 1 };
const dpSgd = planOf({ ...DP_SGD, learningRate: 2, momentum: 0 });
const fedAvg = planOf({ kind: "fedAvg", rounds: 3, learningRate: 0.02 });

function named(parts: readonly PartitionedData[]): NamedMember[] {
  const ids = memberIdsOf(parts.length);
  return parts.map((data, i) => ({ memberId: ids[i] ?? "", data }));
}

const room = { schema, holdoutFraction: 0.2, trainUnits: 1200, largestRows: 400, delta: null };

function simulationOf(plan: Plan, changes: Partial<Simulation> = {}): Simulation {
  return {
    plan,
    membersOf: (seed) => named(dealt(whole, 10, seed)),
    charterOf: (members) => inventedCharter(room, members.length),
    epsilons: [null],
    isAsked: false,
    seeds: ["one"],
    dropProbability: 0,
    ...changes,
  };
}

const auc = (line: Line | undefined): number => line?.runs[0]?.metrics?.rocAuc ?? Number.NaN;

test("a run improves on its beginning, a little noise costs little, a lot costs a lot", () => {
  const { lines } = play(simulationOf(dpSgd, { epsilons: [null, 8, 0.02], isAsked: true }));
  const [pooled, alone, exact, noised, drowned] = lines;
  expect(lines.map(({ kind }) => kind)).toEqual(["pooled", "alone", ...Array(3).fill("federated")]);
  for (const line of [pooled, alone, exact, noised]) expect(auc(line)).toBeGreaterThan(0.9);
  expect(Math.abs(auc(exact) - auc(pooled))).toBeLessThan(0.01);
  expect(auc(drowned)).toBeLessThan(auc(noised) - 0.05);
  expect(drowned?.setting?.worth?.verdict).toBe("hopeless");
  expect(noised?.setting?.worth?.verdict).not.toBe("hopeless");
});

test("the run's own secure evaluation is told beside the exact one, with its noise", () => {
  const { lines } = play(simulationOf(dpSgd, { epsilons: [null, 3], isAsked: true }));
  const [exact, noised] = lines.slice(2).map(({ runs }) => runs[0]);
  expect(exact?.secure?.rocAuc).toBeCloseTo(exact?.metrics?.rocAuc ?? 0, 2);
  expect(noised?.secure?.counts?.positives).not.toBe(exact?.secure?.counts?.positives);
});

test("everything repeats from the seed, and another seed is another run", () => {
  const simulation = simulationOf(dpSgd, { epsilons: [null, 3], dropProbability: 0.1 });
  const runs = (seeds: string[]) => {
    const { lines } = play({ ...simulation, seeds });
    return lines.map(({ runs }) => runs.map((run) => [run.metrics, run.rounds]));
  };
  expect(runs(["one"])).toEqual(runs(["one"]));
  expect(runs(["one"])).not.toEqual(runs(["two"]));
});

test("members that drop out are missing from the sums; few of them stop nothing", () => {
  const { lines } = play(simulationOf(fedAvg, { dropProbability: 0.1 }));
  const [run] = lines[2]?.runs ?? [];
  expect(run?.failure).toBeNull();
  const survivors = run?.rounds.map((round) => round.survivors) ?? [];
  expect(Math.min(...survivors)).toBeLessThan(10);
  expect(Math.min(...survivors)).toBeGreaterThanOrEqual(7); // ⌊2·10/3⌋ + 1
});

test("a round with too few is aborted and tried again; after twenty times in a row the run fails", () => {
  const some = play(simulationOf(fedAvg, { dropProbability: 0.4 })).lines[2]?.runs[0];
  expect(some?.aborted).toBeGreaterThan(0);
  expect(some?.rounds.reduce((sum, { aborted }) => sum + aborted, 0)).toBe(some?.aborted);
  const none = play(simulationOf(fedAvg, { dropProbability: 0.9 })).lines[2]?.runs[0];
  expect(none).toMatchObject({ metrics: null, aborted: 20, rounds: [] });
  expect(none?.failure?.message).toMatch(
    /^round 0: 20 attempts failed, the last with \d of at least 7/,
  );
});

test("as many as needed suffice, one fewer does not", () => {
  const members = named(dealt(whole, 10, "x"));
  const setting = settingOf(fedAvg, null, inventedCharter(room, 10), members, "x");
  const withOnly = (count: number) =>
    federate(runOf(setting, members, "x"), {
      dropProbability: 0,
      survivorsMin: survivorsMinOf(setting),
      answers: (member) => member < count,
    });
  const enough = withOnly(7);
  expect(enough.failure).toBeNull();
  expect(enough.rounds.map(({ survivors }) => survivors)).toEqual([7, 7, 7, 7]);
  expect(withOnly(6)).toMatchObject({ aborted: 20, rounds: [] });
});

test("with noise as many must arrive as the shares were made for", () => {
  const members = named(dealt(whole, 10, "x"));
  const charter = inventedCharter(room, 10);
  const least = (plan: Plan, epsilon: number | null): number =>
    survivorsMinOf(settingOf(plan, epsilon, charter, members, "x"));
  expect(least(dpSgd, null)).toBe(7);
  expect(least(dpSgd, 3)).toBe(8); // maxDropouts of ten members is 2.
  const none = planOf({ ...DP_SGD, learningRate: 2 }, { epsilon: 3, maxDropouts: 0 });
  expect(least(none, 3)).toBe(10);
});

test("what was answered in vain is paid for: a budget that retries have used up ends the run", () => {
  const strict = planOf({ ...DP_SGD, learningRate: 2 }, { epsilon: 3, maxDropouts: 1 });
  const played = play(
    simulationOf(strict, { epsilons: [3], isAsked: true, dropProbability: 0.15 }),
  );
  const [run] = played.lines[2]?.runs ?? [];
  expect(run?.rounds.length).toBeLessThan(20);
  expect(run?.failure?.message).toContain("had no budget or no planned answers left");
});

test("a member answers as often as planned and reserved, and not once more", () => {
  const members = named(dealt(whole, 10, "x"));
  const { charter, manifest } = settingOf(dpSgd, 3, inventedCharter(room, 10), members, "x");
  const answers = answerBook(charter, manifest);
  const count = (member: number): number => {
    let given = 0;
    while (answers(member, "gradient")) given += 1;
    return given;
  };
  expect(count(0)).toBe(21); // 20 rounds, and 3 % kept back for attempts that break off.
  expect(count(1)).toBe(21);
  expect(answers(0, "evaluate")).toBe(true);
});

test("an ε that the strategy cannot have is left out with its reason, or refused where it was asked for", () => {
  const { lines, notes } = play(simulationOf(fedAvg, { epsilons: [null, 8, 3] }));
  expect(lines).toHaveLength(3);
  expect(notes).toEqual([expect.stringMatching(/^not with ε = 8, 3: fedAvg carries no guarantee/)]);
  const asked = simulationOf(fedAvg, { epsilons: [null, 3], isAsked: true });
  expect(() => play(asked)).toThrow("fedAvg carries no guarantee per unit");
});

const LOCAL = { rounds: 5, localEpochs: 5, batchSize: 16, learningRate: 0.02 };
test.each([
  [
    "scaffold with personal layers",
    { ...LOCAL, kind: "scaffold", learningRate: 0.2, personalLayers: 1 },
  ],
  ["fedProx", { ...LOCAL, kind: "fedProx", proximal: 0.01 }],
  [
    "fedAvg, server's Adam",
    { ...LOCAL, kind: "fedAvg", server: { kind: "adam", learningRate: 0.1 } },
  ],
])("%s is simulated as it is", (_, strategy) => {
  const plan = planOf(strategy, "none", [4]);
  const { lines } = play(simulationOf(plan, { dropProbability: 0.05 }));
  for (const line of lines) expect(auc(line)).toBeGreaterThan(0.85);
});

test("boosted trees: without noise the federation's are those of the pooled records", () => {
  const model = { trees: 3, depth: 3, minRows: 5, edges: "bounds", bins: 16 };
  const task = { kind: "boost", model, evaluation: { everyTrees: null, bins: 64 } };
  const plan = Plan.parse({ task, privacy: "none" });
  const { lines } = play(simulationOf(plan, { epsilons: [null, 8], isAsked: true }));
  expect(auc(lines[2])).toBeCloseTo(auc(lines[0]), 3);
  expect(auc(lines[3])).toBeLessThan(auc(lines[2]));
});

test("units are dealt whole, each to one member, all alike or as skew says", () => {
  const table = { ...whole, train: tableOf(schema, 300, (unit) => 1 + (unit % 3), "units") };
  const even = dealt(table, 7, "deal");
  const sizes = even.map(({ train }) => train.unitStarts.length - 1);
  expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  const rows = even.reduce((sum, { train }) => sum + train.rowCount, 0);
  expect(rows).toBe(table.train.rowCount);
  const sum = (of: Float32Array): number => of.reduce((total, x) => total + x, 0);
  const dealtSum = even.reduce((total, { train }) => total + sum(train.numbers), 0);
  expect(dealtSum).toBeCloseTo(sum(table.train.numbers), 3);
  const skewed = dealt(table, 4, "deal", 1).map(({ train }) => train.unitStarts.length - 1);
  expect(skewed).toEqual([144, 72, 48, 36]); // 300 · (1, ½, ⅓, ¼) / 2.0833
});

test("too few rows for so many members is an error, and so are too few members who could take part", () => {
  expect(() => dealt({ ...whole, train: tableOf(schema, 20, () => 1) }, 30, "x")).toThrow(
    "20 training units do not do for 30 members",
  );
  const three = named(membersOf(schema, 4, 20));
  const limits = { rowsMin: 1, rowsMax: 1000, allowsOneClass: false };
  expect(admitted(three, limits).members).toHaveLength(4);
  const [first] = three;
  if (!first) throw new Error("there are members");
  const flat = { ...first.data.train, labels: new Uint8Array(first.data.train.rowCount) };
  const empty = { ...first.data.holdout, labels: new Uint8Array(first.data.holdout.rowCount) };
  const oneClass = { memberId: "flat", data: { train: flat, holdout: empty } };
  const mixed = admitted([...three, oneClass], limits);
  expect(mixed.leftOut).toEqual(["left out: flat: labels of one class only"]);
  expect(() => admitted([...three.slice(0, 2), oneClass], limits)).toThrow(
    "only 2 of 3 members could take part (left out: flat",
  );
  expect(() => admitted(three, { ...limits, rowsMin: 10_000, rowsMax: 20_000 })).toThrow(
    "fewer rows",
  );
});

const unlabelled = { ...schema, label: { ...schema.label, missing: "allow" as const } };
const autoencoder = Plan.parse({
  ...fedAvg,
  task: { ...fedAvg.task, model: { autoencoder: { hidden: [4, 2, 4] } } },
});

/** @param keeps Whether the i-th row keeps its label. */
function withoutLabels(plan: Plan, keeps: (i: number) => boolean): Simulation {
  const strip = (data: EncodedData): EncodedData => ({
    ...data,
    labels: data.labels.map((label, i) => (keeps(i) ? label : UNLABELLED)),
  });
  const stripped = { train: strip(whole.train), holdout: strip(whole.holdout) };
  return simulationOf(plan, {
    membersOf: (seed) => named(dealt(stripped, 10, seed)),
    charterOf: (members) => inventedCharter({ ...room, schema: unlabelled }, members.length),
  });
}

test("an autoencoder is played without labels: every member takes part, no figure is claimed, and a note says why", () => {
  const { lines, memberCount, notes } = play(withoutLabels(autoencoder, () => false));
  expect(memberCount).toBe(10);
  for (const { runs } of lines) expect(runs[0]).toMatchObject({ failure: null, metrics: null });
  const losses = lines[2]?.runs[0]?.rounds.flatMap(({ loss }) => loss ?? []) ?? [];
  expect(losses.length).toBeGreaterThanOrEqual(3);
  expect(losses.at(-1)).toBeLessThan(losses[0] ?? 0);
  expect(notes.join()).toContain("no figures: held-out rows of both classes have no labels");
});

test("where some held-out rows have labels, those alone measure an autoencoder, as its secure evaluation does", () => {
  const { lines, notes } = play(withoutLabels(autoencoder, (i) => i % 3 === 0));
  const [run] = lines[2]?.runs ?? [];
  const counts = run?.metrics?.counts;
  expect((counts?.positives ?? 0) + (counts?.negatives ?? 0)).toBe(Math.ceil(400 / 3));
  expect(run?.secure?.counts).toEqual(counts);
  expect(run?.secure?.rocAuc).toBeCloseTo(run?.metrics?.rocAuc ?? 0, 1);
  expect(notes).toEqual([]);
});

test("a topology is played as it is, its weights drawn anew for each seed; one that does not fit the columns is refused", () => {
  const over = (first: object[]): Plan => {
    const layers = ["tanh", "relu"].map((activation, i) => ({
      class_name: "Dense",
      config: { name: `d${i}`, units: 6, activation, ...first[i] },
    }));
    const score = { class_name: "Dense", config: { name: "score", units: 1 } };
    const topology = { class_name: "Sequential", config: { layers: [...layers, score] } };
    return Plan.parse({ ...dpSgd, task: { ...dpSgd.task, model: { topology } } });
  };
  // Two numbers, three categories and what is none of them.
  const fitting = over([{ batch_input_shape: [null, 6] }]);
  const { lines } = play(simulationOf(fitting, { seeds: ["one", "two"] }));
  const [one, two] = lines[2]?.runs ?? [];
  expect(one?.metrics?.rocAuc).toBeGreaterThan(0.85);
  expect(two?.metrics).not.toEqual(one?.metrics);
  expect(() => play(simulationOf(over([{ batch_input_shape: [null, 9] }])))).toThrow("9");
});

test("a model that learns labels is refused where they may be missing", () => {
  expect(() => play(withoutLabels(fedAvg, () => true))).toThrow("lets labels be missing");
});
