/** How releases travel: `models/tasks/wire.ts`, and `encoding.ts`, which refuses what cannot. */
import { expect, test } from "vitest";
import { contextOf } from "../../../models/tasks/context.ts";
import { fedAvgTask } from "../../../models/tasks/defaults.ts";
import { checkEncoding } from "../../../models/tasks/encoding.ts";
import { taskFor } from "../../../models/tasks/registry.ts";
import { wireFormat } from "../../../models/tasks/wire.ts";
import type { Manifest, ManifestEncoding } from "../../../shared/charter/manifest.ts";
import { TaskSpec } from "../../../shared/charter/task-spec.ts";
import { memberIds, smallCharter } from "../../support/charters.ts";
import { PRIVACY, signedManifest } from "../../support/manifests.ts";

const charter = smallCharter(memberIds(5));
const FED_AVG = { task: fedAvgTask(), privacy: null };
const UNNOISED_SGD = { privacy: null };
const PROBE = {
  task: TaskSpec.parse({ kind: "probe", dimension: 1000, rounds: 1 }),
  privacy: null,
};
const NOISED = { privacy: { ...PRIVACY, maxDropouts: 1 } };

const DP18: ManifestEncoding = { profile: "dp", ringBits: 18 };

function formatOf(changes: Partial<Manifest>, askKind: string, encoding?: ManifestEncoding) {
  const manifest = signedManifest(charter, { ...changes, ...(encoding && { encoding }) });
  const shape = taskFor(manifest.task).shapeOf(contextOf(charter, manifest), askKind);
  const { dimension, ringBits, rotated, coding } = wireFormat(shape, manifest);
  expect(dimension).toBe(shape.dimension);
  return [ringBits, rotated, coding.kind];
}

test("left out, an encoding is what it was: 24 bits for updates, the 32-bit grid for noised sums", () => {
  expect(formatOf(FED_AVG, "update")).toEqual([24, false, "levels"]);
  expect(formatOf(UNNOISED_SGD, "gradient")).toEqual([32, false, "levels"]);
  expect(formatOf(PROBE, "zeros")).toEqual([24, false, "levels"]);
  expect(formatOf(NOISED, "gradient")).toEqual([32, false, "grid"]);
});

test("an encoding decides how a model's vector travels", () => {
  expect(formatOf(FED_AVG, "update", { profile: "exact" })).toEqual([32, false, "levels"]);
  expect(formatOf(FED_AVG, "update", { profile: "compact" })).toEqual([24, false, "levels"]);
  expect(formatOf(FED_AVG, "update", { profile: "wan" })).toEqual([16, true, "levels"]);
  expect(formatOf(UNNOISED_SGD, "gradient", { profile: "compact" })).toEqual([32, false, "levels"]);
  expect(formatOf(PROBE, "zeros", { profile: "wan" })).toEqual([16, true, "levels"]);
  for (const ringBits of [16, 18, 20] as const) {
    const format = formatOf(NOISED, "gradient", { profile: "dp", ringBits });
    expect(format).toEqual([ringBits, true, "smooth"]);
  }
});

test("what counts is never touched by an encoding", () => {
  for (const profile of ["exact", "compact", "wan"] as const) {
    expect(formatOf(FED_AVG, "moments", { profile })).toEqual([32, false, "levels"]);
    expect(formatOf(FED_AVG, "evaluate", { profile })).toEqual([32, false, "levels"]);
  }
  expect(formatOf(NOISED, "evaluate", DP18)).toEqual([32, false, "grid"]);
});

test("an encoding that cannot carry the run is refused before any work, in one line that says what to do", () => {
  const check = (changes: Partial<Manifest>, encoding: ManifestEncoding) => () =>
    checkEncoding(charter, signedManifest(charter, { ...changes, encoding }));
  for (const profile of ["exact", "compact", "wan"] as const) {
    expect(check(FED_AVG, { profile })).not.toThrow();
    expect(check(NOISED, { profile })).toThrow(
      `the encoding ${profile} is for runs without noise: use dp, or leave the encoding out`,
    );
  }
  expect(check(NOISED, DP18)).not.toThrow();
  expect(check(FED_AVG, DP18)).toThrow(
    "the encoding dp is for runs with noise: use compact or wan",
  );
  expect(check(PROBE, DP18)).toThrow("for runs with noise");
  expect(check(UNNOISED_SGD, { profile: "wan" })).toThrow(
    "this task states none: use compact or exact",
  );
  const many = { privacy: { ...NOISED.privacy, unitsExpected: 10_000_000 } };
  expect(check(many, DP18)).toThrow("a 18-bit ring cannot hold");
  expect(() => checkEncoding(charter, signedManifest(charter, many))).not.toThrow();
});

test("the levels of a rotated update follow from clip norm, weight and loss", () => {
  const manifest = signedManifest(charter, { ...FED_AVG, encoding: { profile: "wan" } });
  const shape = taskFor(manifest.task).shapeOf(contextOf(charter, manifest), "update");
  const { coding } = wireFormat(shape, manifest);
  if (coding.kind !== "levels") throw new Error("levels");
  // ‖[w·Δ | w | w·loss]‖ ≤ √(10² + 1 + 2²) for w ≤ 1, spread over 512 coordinates and more.
  expect(shape.dimension).toBeGreaterThan(512);
  expect(shape.dimension).toBeLessThan(1024);
  expect(coding.quantizer.magnitudeMax).toBeCloseTo((5 * Math.sqrt(105)) / Math.sqrt(512), 12);
});
