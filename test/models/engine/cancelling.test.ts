/** Rows of one unit that cancel: the case in which a ghost norm could be rounding and nothing else. */
import { expect, test } from "vitest";
import { architectureOf } from "../../../models/engine/architecture.ts";
import { identityScaling } from "../../../models/tasks/train/train.ts";
import { UniformSource } from "../../../shared/base/uniform.ts";
import { rng, type ShortFeature, schemaOf } from "../fixtures.ts";
import { ENGINES, unitsOf } from "./backends.ts";

const NUMBERS = 30;
const features = Array.from({ length: NUMBERS }, (): ShortFeature => "number");

/** Two rows that differ by one or two roundings in one number, with opposite labels. */
function cancellingUnit(source: UniformSource) {
  const numbers = new Float32Array(2 * NUMBERS);
  for (let j = 0; j < NUMBERS; j++) numbers.fill(0.5 + 0.5 * source.unit(), j, j + 1);
  numbers.copyWithin(NUMBERS, 0, NUMBERS);
  const moved = NUMBERS + source.below(NUMBERS);
  numbers[moved] = (numbers[moved] ?? 0) + 6e-8 * (1 + source.below(2));
  const labels = Uint8Array.of(0, 1);
  const unitStarts = Uint32Array.of(0, 2);
  return { rowCount: 2, numbers, codes: new Uint16Array(0), labels, unitStarts };
}

const cases = ENGINES.flatMap(({ name, open }) =>
  [0, 4, 8, 12, 30].flatMap((power) =>
    [[], [16]].map((hidden) => [name, power, hidden, open] as const),
  ),
);
test.each(
  cases,
)("%s, inputs times 10^%i, hidden layers %j: a unit whose rows cancel stays within the clip norm", (_, power, hidden, open) => {
  const spec = { hidden: [...hidden], activation: "relu", seed: "a" } as const;
  const architecture = architectureOf(schemaOf(features), { ...spec, hidden: [...hidden] });
  const backend = open(architecture);
  // The last layer is zero, so that both rows score 0.5 and their gradients oppose each other.
  const params = new Float32Array(architecture.paramCount);
  if (hidden.length > 0) params.fill(1, 0, NUMBERS * 16);
  const scaling = identityScaling(NUMBERS).fill(10 ** power, NUMBERS);
  const source = new UniformSource(rng(`unit ${power}`));
  const units = unitsOf([0, 1], [0, 2]);
  for (let trial = 0; trial < 50; trial++) {
    const data = cancellingUnit(source);
    const { gradient, norms } = backend.clippedGradientSum(params, scaling, data, units, 1);
    expect(Math.hypot(...gradient)).toBeLessThanOrEqual(1);
    // Where squares exceed single precision the unit is left out, and the sum is zero.
    if (power < 20 || backend.name === "plain") expect(Number.isFinite(norms[0])).toBe(true);
    else expect(Math.hypot(...gradient)).toBe(0);
  }
});
