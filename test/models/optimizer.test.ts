/** Optimisers against their published update rules, written out in scalars. */
import { expect, test } from "vitest";
import { newOptimizerState, type OptimizerConfig, optimizerStep } from "../../models/optimizer.ts";

const gradients = [
  [0.5, -2],
  [1, 0.25],
  [-3, 4],
];

function run(config: OptimizerConfig): number[][] {
  let state = newOptimizerState(config.kind, 2);
  let params = Float32Array.of(1, -1);
  return gradients.map((gradient) => {
    const next = optimizerStep(config, state, params, Float64Array.from(gradient));
    ({ state } = next);
    params = Float32Array.from(next.params);
    return [...params];
  });
}

function expectClose(actual: number[][], expected: number[][]): void {
  for (const [r, row] of expected.entries()) {
    for (const [i, value] of row.entries()) expect(actual[r]?.[i]).toBeCloseTo(value, 5);
  }
}

test("SGD goes against the gradient", () => {
  expectClose(run({ kind: "sgd", learningRate: 0.1 }), [
    [0.95, -0.8],
    [0.85, -0.825],
    [1.15, -1.225],
  ]);
});

test("momentum accumulates a velocity", () => {
  let velocity = [0, 0];
  let params = [1, -1];
  const expected = gradients.map((gradient) => {
    velocity = velocity.map((v, i) => 0.9 * v + (gradient[i] ?? 0));
    params = params.map((p, i) => p - 0.1 * (velocity[i] ?? 0));
    return params;
  });
  expectClose(run({ kind: "momentum", learningRate: 0.1, momentum: 0.9 }), expected);
});

test("Adam takes bias-corrected steps of the moments' ratio", () => {
  let params = [1, -1];
  const expected = gradients.map((_, last) => {
    params = params.map((p, i) => {
      const t = last + 1;
      let m = 0;
      let v = 0;
      for (const gradient of gradients.slice(0, t)) {
        const g = gradient[i] ?? 0;
        m = 0.9 * m + 0.1 * g;
        v = 0.999 * v + 0.001 * g * g;
      }
      return p - (0.1 * (m / (1 - 0.9 ** t))) / (Math.sqrt(v / (1 - 0.999 ** t)) + 1e-8);
    });
    return params;
  });
  expectClose(run({ kind: "adam", learningRate: 0.1 }), expected);
});

test.each(["sgd", "momentum", "adam"] as const)("%s leaves its arguments unchanged", (kind) => {
  const config = { kind, learningRate: 0.1, momentum: 0.9 };
  const first = optimizerStep(
    config,
    newOptimizerState(kind, 2),
    Float32Array.of(1, 2),
    Float64Array.of(1, 1),
  );
  const before = structuredClone(first);
  const gradient = Float64Array.of(3, Number.NaN);
  const second = optimizerStep(config, first.state, first.params, gradient);
  expect(first).toEqual(before);
  expect(gradient).toEqual(Float64Array.of(3, Number.NaN));
  expect(second.state.step).toBe(2);
  expect(second.params.every(Number.isFinite)).toBe(true);
});
