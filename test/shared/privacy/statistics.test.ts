/** Tests of the noise test itself: how often it is alarmed for nothing, and what it misses. */
import { expect, test } from "vitest";
import { reproducibleRng } from "../../../shared/base/reproducible.ts";
import { UniformSource } from "../../../shared/base/uniform.ts";
import { discreteGaussianInto } from "../../../shared/privacy/noise/gaussian.ts";
import { isNoiseAsClaimed, NOISE_COORDINATES_MIN, noiseScore, variance } from "./statistics.ts";

const CLAIMED = 10_000;

/** Noise of as many releases as asked for, one after the other. */
function releases(stdDev: number, coordinates: number, count: number): Int32Array[] {
  const source = new UniformSource(reproducibleRng(`releases ${stdDev} ${coordinates}`));
  return Array.from({ length: count }, () => {
    const noise = new Int32Array(coordinates);
    discreteGaussianInto(noise, stdDev, source);
    return noise;
  });
}

test("with 20 000 coordinates, the scores of honest noise are standard normal: no false alarms", () => {
  const honest = releases(CLAIMED, 20_000, 400);
  const scores = honest.map((noise) => noiseScore(noise, CLAIMED));
  expect(honest.every((noise) => isNoiseAsClaimed(noise, CLAIMED))).toBe(true);
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(scores.length));
  expect(Math.abs(variance(scores) - 1)).toBeLessThan(5 * Math.sqrt(2 / scores.length));
});

test("a score of 4.9 is exceeded once in a million, at 20 000 degrees of freedom", () => {
  // Quantiles of chi-square with 20 000 degrees of freedom, from the incomplete gamma function to 40 digits.
  for (const [energy, score] of [
    [20_995.385843, 4.9],
    [19_035.293228, -4.9],
  ] as const) {
    const noise = new Float64Array(20_000).fill(Math.sqrt(energy / 20_000));
    expect(noiseScore(noise, 1)).toBeCloseTo(score, 3);
  }
});

test.each([
  9_700, 10_300,
])("σ = %i instead of 10 000 shows in six of seven audits of 20 000 coordinates", (stdDev) => {
  const audits = releases(stdDev, 20_000, 100);
  const caught = audits.filter((noise) => !isNoiseAsClaimed(noise, CLAIMED)).length;
  expect(caught).toBeGreaterThan(70);
  expect(caught).toBeLessThan(100);
});

test.each([
  9_700, 10_300,
])("σ = %i instead of 10 000 shows in every audit of enough coordinates", (stdDev) => {
  const audits = releases(stdDev, NOISE_COORDINATES_MIN, 60);
  expect(audits.every((noise) => !isNoiseAsClaimed(noise, CLAIMED))).toBe(true);
  // And by far: the mean score is that many standard deviations beyond the bound.
  const scores = audits.map((noise) => Math.abs(noiseScore(noise, CLAIMED)));
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  expect(mean - 4.9).toBeGreaterThan(4.75);
});
