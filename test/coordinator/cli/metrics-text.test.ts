/** What is told of a noised run's evaluation on the way: an interval that holds, or nothing. */
import { expect, test } from "vitest";
import { metricsText } from "../../../coordinator/cli/metrics-text.ts";
import { buildManifest } from "../../../coordinator/run/plan.ts";
import { metricsOfHistogram } from "../../../models/metrics/histogram.ts";
import { reproducibleRng } from "../../../shared/base/reproducible.ts";
import { UniformSource } from "../../../shared/base/uniform.ts";
import { charterHash } from "../../../shared/charter/charter.ts";
import { type Manifest, Plan } from "../../../shared/charter/manifest.ts";
import { memberIds, smallCharter } from "../../support/charters.ts";
import { COORDINATOR_KEY, enrolled, TRAIN_TASK } from "../../support/manifests.ts";

const BINS = 32;

function manifestOf(privacy: unknown): Manifest {
  const charter = smallCharter(memberIds(3));
  const evaluation = { everyRounds: 1, bins: BINS, rowsPerUnitMax: 1 };
  const plan = Plan.parse({ task: { ...TRAIN_TASK, evaluation }, privacy });
  const members = charter.members.map((name) => enrolled(name, charterHash(charter)));
  const rng = reproducibleRng("plan");
  return buildManifest({ plan, charter, members, coordinatorKey: COORDINATOR_KEY, nowMs: 0, rng });
}

/** Positives a little above negatives, both spread over all bins. */
function histogramOf(positives: number, negatives: number): Float64Array {
  const shape = (middle: number): number[] =>
    Array.from({ length: BINS }, (_, b) => Math.exp(-0.5 * ((b - middle) / 5) ** 2));
  const scaled = (weights: number[], rows: number): number[] => {
    const sum = weights.reduce((a, b) => a + b, 0);
    return weights.map((weight) => (rows * weight) / sum);
  };
  return Float64Array.from([...scaled(shape(13), negatives), ...scaled(shape(18), positives)]);
}

const counted = (metrics: object, positives: number, negatives: number) => ({
  ...{ rocAuc: 0.75, prAuc: 0.5, recallAt1pctFpr: 0.1, recallAt5pctFpr: 0.2 },
  ...metrics,
  counts: { positives, negatives },
});

test("the interval holds the exact ROC-AUC in 95 of 100 draws of the noise and more", () => {
  const manifest = manifestOf({ epsilon: 3, maxDropouts: 0, maxColluders: 0 });
  const sigma = manifest.privacy?.holdoutMultiplier ?? 0;
  expect(sigma).toBeGreaterThan(1);
  const source = new UniformSource(reproducibleRng("noise"));
  for (const [positives, negatives] of [
    [200, 200],
    [400, 4000],
  ] as const) {
    const histogram = histogramOf(positives, negatives);
    const exact = metricsOfHistogram(histogram)?.rocAuc ?? 0;
    let held = 0;
    for (let draw = 0; draw < 300; draw++) {
      const metrics = metricsOfHistogram(histogram.map((n) => n + sigma * source.normal()));
      const text = metrics ? metricsText(metrics, manifest) : "";
      const [, value, half] = /ROC-AUC ([\d.]+) ± ([\d.]+)/.exec(text) ?? [];
      expect(Number(half)).toBeLessThan(0.5);
      if (Math.abs(Number(value) - exact) <= Number(half)) held += 1;
    }
    expect(held).toBeGreaterThanOrEqual(285);
  }
});

test("where noise leaves everything open no figure is told, and why", () => {
  const noised = manifestOf({ epsilon: 1.5 });
  expect(metricsText(counted({}, 12, 9000), noised)).toBe(
    "ROC-AUC not told: about 12 positive rows: the noise leaves all from 0 to 1 open",
  );
  expect(metricsText(counted({}, 1e6, 1e6), noised)).toMatch(
    /^ROC-AUC 0\.7500 ± 0\.000\d {2}PR-AUC 0\.5000$/,
  );
  expect(metricsText(counted({}, 300, 1e6), noised)).toMatch(/^ROC-AUC 0\.7\d+ ± 0\.\d+$/);
  const exact = "ROC-AUC 0.7500  PR-AUC 0.5000";
  expect(metricsText(counted({}, 12, 9000), manifestOf("none"))).toBe(exact);
});
