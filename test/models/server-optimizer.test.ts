/** Server optimisers against algorithm 2 of Reddi et al. and FedAvgM of Hsu et al., one coordinate at a time. */
import { expect, test } from "vitest";
import { newServerState, serverStep } from "../../models/server-optimizer.ts";
import { type ServerSpec, Strategy } from "../../shared/charter/strategy-spec.ts";

const UPDATES = [
  [0.5, -2],
  [-0.25, 0.001],
  [3, 4],
  [0, -1],
];

function serverOf(server: object): ServerSpec {
  const strategy = Strategy.parse({ kind: "fedAvg", rounds: 1, learningRate: 0.1, server });
  if (strategy.kind !== "fedAvg" || !strategy.server) throw new Error("a server was named");
  return strategy.server;
}

function run(server: ServerSpec | undefined): number[] {
  let state = newServerState(server, 2);
  let params = Float32Array.of(1, -1);
  for (const update of UPDATES) {
    const before = { params: params.slice(), first: state.first.slice() };
    const next = serverStep(server, state, params, Float64Array.from(update));
    expect({ params, first: state.first }).toEqual(before);
    ({ state } = next);
    params = next.params as Float32Array<ArrayBuffer>;
  }
  expect(state.step).toBe(UPDATES.length);
  return [...params];
}

/** Follows one coordinate: `v` is what the paper's line for the second moment says. */
function adaptive(
  i: 0 | 1,
  { eta, beta1, tau }: { eta: number; beta1: number; tau: number },
  v: (v: number, square: number) => number,
): number {
  let x = i === 0 ? 1 : -1;
  let moment = 0;
  let second = tau * tau;
  for (const update of UPDATES) {
    const delta = update[i] ?? 0;
    moment = beta1 * moment + (1 - beta1) * delta;
    second = v(second, delta * delta);
    x += (eta * moment) / (Math.sqrt(second) + tau);
  }
  return x;
}

test("without a server optimiser the mean update is added", () => {
  expect(run(undefined)).toEqual([4.25, expect.closeTo(0.001, 6)]);
});

test("server momentum is FedAvgM's", () => {
  const expected = [1, -1].map((start, i) => {
    let [x, v] = [start, 0];
    for (const update of UPDATES) {
      v = 0.8 * v + (update[i] ?? 0);
      x += 0.5 * v;
    }
    return expect.closeTo(x, 5);
  });
  expect(run(serverOf({ kind: "momentum", learningRate: 0.5, momentum: 0.8 }))).toEqual(expected);
});

const CONFIG = { learningRate: 0.1, beta1: 0.7, tau: 0.01 };
const SAME = { eta: 0.1, beta1: 0.7, tau: 0.01 };
test.each([
  ["adagrad", {}, (v: number, g: number) => v + g],
  ["adam", { beta2: 0.95 }, (v: number, g: number) => 0.95 * v + 0.05 * g],
  ["yogi", { beta2: 0.95 }, (v: number, g: number) => (v > g ? v - 0.05 * g : v + 0.05 * g)],
] as const)("the second moment of %s is the paper's", (kind, more, v) => {
  const found = run(serverOf({ kind, ...CONFIG, ...more }));
  expect(found[0]).toBeCloseTo(adaptive(0, SAME, v), 5);
  expect(found[1]).toBeCloseTo(adaptive(1, SAME, v), 5);
});
