/** The probe: zeros, counted. */
import { expect, test } from "vitest";
import { probeTask } from "../../../models/tasks/probe.ts";
import { taskFor } from "../../../models/tasks/registry.ts";
import { rng, schemaOf, tableOf } from "../fixtures.ts";

const schema = schemaOf(["number"]);
const spec = { kind: "probe", dimension: 7, rounds: 2 } as const;
const context = { spec, schema, noise: null, rowsMax: 100, memberCount: 3 };

test("a probe asks for zeros as often as its specification says, whatever the data", () => {
  const table = tableOf(schema, 9, () => 2);
  let state = probeTask.begin(context);
  for (let round = 0; round < 2; round++) {
    const ask = probeTask.nextAsk(context, state);
    expect(ask).toEqual({ kind: "zeros", input: Float32Array.of(round) }); // Each ask is another one.
    const data = { train: table, holdout: table };
    const part = probeTask.contribute(
      context,
      { kind: "zeros", input: new Float32Array(0) },
      data,
      rng("x"),
    );
    expect(part).toEqual(new Float64Array(7));
    state = probeTask.absorb(context, state, part);
    state = probeTask.decodeState(context, probeTask.encodeState(state));
    expect(probeTask.progress(state)).toEqual({
      done: round + 1,
      total: 2,
      loss: null,
      metrics: null,
    });
  }
  expect(probeTask.nextAsk(context, state)).toBeNull();
});

test("a probe states a bound of one, and refuses other asks and other states", () => {
  const bounds = { magnitudeMax: 1, l2NormMax: 1, ringBits: 24, exact: false };
  const release = { kind: "bounded", ...bounds };
  expect(probeTask.shapeOf(context, "zeros")).toEqual({
    dimension: 7,
    release,
    isModelVector: true,
  });
  expect(() => probeTask.shapeOf(context, "gradient")).toThrow('never asks for "gradient"');
  for (const bytes of [
    new Uint8Array(0),
    new Uint8Array(8),
    Uint8Array.of(3, 0, 0, 0, 2, 0, 0, 0),
  ]) {
    expect(() => probeTask.decodeState(context, bytes)).toThrow("not one of this probe");
  }
  expect(taskFor(spec)).toBe(probeTask);
});
