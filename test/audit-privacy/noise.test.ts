/** Opened sums carry the noise that is claimed, from every member and fresh; where a bug takes some away, it shows. */
import { expect, test } from "vitest";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import { osRng } from "../../shared/edge/os.ts";
import { NOISE_COORDINATES_MIN } from "../shared/privacy/statistics.ts";
import { isSound, noiseAudit, subsets } from "./noise.ts";
import { plantedBugs } from "./planted.ts";
import { DISTRIBUTED, SETTINGS } from "./settings.ts";
import { checkSigma, isAsClaimed } from "./sigma.ts";
import { repeatedWindows } from "./windows.ts";

const PLAN = { dimension: 5000, rounds: 12 };
const SMALL = { dimension: 2000, rounds: 4 };

test("whole runs with noise of the operating system: as claimed, enough without the colluders, never twice", () => {
  const audit = noiseAudit(DISTRIBUTED, { ...PLAN, rng: osRng }, "test");
  expect(isSound(audit)).toBe(true);
  expect(audit.opened.coordinates).toBeGreaterThanOrEqual(NOISE_COORDINATES_MIN);
  expect(audit.uncolluded?.coordinates).toBeGreaterThan(20_000);
});

test.each(
  SETTINGS.map((setting) => [`${setting.name}, ε ${setting.epsilon}`, setting] as const),
)("the noise is as claimed: %s", (_, setting) => {
  const { opened, uncolluded, wrongSums, repeats } = noiseAudit(setting, SMALL, "test");
  expect(isSound({ opened, uncolluded, wrongSums, repeats })).toBe(true);
  expect(Math.abs(opened.ratio - 1)).toBeLessThan(0.05);
});

const NOISE_BUGS = plantedBugs(DISTRIBUTED.members).filter(({ stepsOf }) => stepsOf(0).encode);

test.each(
  NOISE_BUGS.map((bug) => [bug.name, bug] as const),
)("a planted bug is caught: %s", (_, bug) => {
  expect(isSound(noiseAudit(DISTRIBUTED, { ...SMALL, bug }, "test"))).toBe(false);
});

test("bugs in the noise are planted: sizes, a missing share, repeats", () => {
  expect(NOISE_BUGS).toHaveLength(6);
});

function normals(count: number, stdDev: number, seed: string): Float64Array {
  const source = new UniformSource(reproducibleRng(seed));
  return Float64Array.from({ length: count }, () => stdDev * source.normal());
}

test("σ that is 3 % too small or too large is always seen, σ that is right never", () => {
  for (let run = 0; run < 15; run++) {
    for (const stdDev of [0.97, 1.03])
      expect(isAsClaimed(checkSigma(normals(NOISE_COORDINATES_MIN, stdDev, `off ${run}`), 1))).toBe(
        false,
      );
    expect(isAsClaimed(checkSigma(normals(NOISE_COORDINATES_MIN, 1, `right ${run}`), 1))).toBe(
      true,
    );
  }
});

test("a stretch of 64 draws is found again at any offset, one of 63 is none", () => {
  const draws = Int32Array.from(normals(1000, 1e5, "draws"));
  const other = Int32Array.from(normals(1000, 1e5, "other"));
  expect(repeatedWindows([draws, other])).toBe(0);
  const copied = other.slice();
  copied.set(draws.subarray(100, 164), 7);
  expect(repeatedWindows([draws, copied])).toBe(1);
  copied.set(other.subarray(70, 71), 70);
  expect(repeatedWindows([draws, copied])).toBe(0);
  expect(repeatedWindows([Int32Array.from([...draws, ...draws])])).toBe(937);
});

test("subsets are all there are, each once", () => {
  expect(subsets([1, 2, 3], 2)).toEqual([
    [1, 2],
    [1, 3],
    [2, 3],
  ]);
  expect(subsets([1, 2, 3, 4, 5, 6, 7, 8], 6)).toHaveLength(28);
});
