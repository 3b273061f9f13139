/** From the members' contributions to the opened sum, under every encoding. */
import { expect, test } from "vitest";
import { encodeContribution } from "../../../agent/gate/encode.ts";
import { addCentralNoiseInPlace, isCentral } from "../../../coordinator/run/central-noise.ts";
import { decodeSum } from "../../../models/tasks/decode.ts";
import type { ReleaseShape } from "../../../models/tasks/task.ts";
import { type WireManifest, wireFormat } from "../../../models/tasks/wire.ts";
import { InvariantError } from "../../../shared/base/assert.ts";
import { reproducibleRng } from "../../../shared/base/reproducible.ts";
import { UniformSource } from "../../../shared/base/uniform.ts";
import type { ManifestEncoding } from "../../../shared/charter/manifest.ts";
import { rotationSigns } from "../../../shared/charter/rotation.ts";
import { rotateBack } from "../../../shared/privacy/encoding/rotation.ts";
import { l2Norm } from "../../../shared/privacy/mechanism/clip.ts";
import { variance } from "../../shared/privacy/statistics.ts";
import { memberIds, smallCharter } from "../../support/charters.ts";
import { PRIVACY, signedManifest } from "../../support/manifests.ts";
import { RUN_ID, secureSum } from "../../support/secure-sum.ts";

const MEMBERS = 6;
const DIMENSION = 5000;
const charter = smallCharter(memberIds(MEMBERS));

function manifestOf(noised: boolean, encoding?: ManifestEncoding): WireManifest {
  const privacy = noised ? { ...PRIVACY, maxDropouts: 1 } : null;
  return signedManifest(charter, { privacy, ...(encoding && { encoding }) });
}

function placed(noisePlacement: "local" | "central", encoding?: ManifestEncoding): WireManifest {
  const privacy = { ...PRIVACY, noisePlacement };
  return signedManifest(charter, { privacy, ...(encoding && { encoding }) });
}

const BOUNDED: ReleaseShape = {
  dimension: DIMENSION,
  release: { kind: "bounded", magnitudeMax: 2, l2NormMax: 2, ringBits: 24, exact: false },
  isModelVector: true,
};
const NOISED: ReleaseShape = {
  dimension: DIMENSION,
  release: {
    kind: "noised",
    sensitivity: 0.5,
    samplingProbability: 0.5,
    noiseMultiplier: 3,
    partition: "train",
  },
  isModelVector: true,
};

/** Vectors of norm at most 2, uneven, alike in part. */
function contributions(): Float64Array[] {
  return Array.from({ length: MEMBERS }, (_, member) => {
    const source = new UniformSource(reproducibleRng(`vector ${member}`));
    const vector = Float64Array.from(
      { length: DIMENSION },
      (_, i) => (Math.sin(i) + source.normal()) * 10 ** -(i % 4),
    );
    const norm = l2Norm(vector) / (1 + member / MEMBERS);
    return vector.map((value) => value / norm);
  });
}

function sumOf(vectors: readonly Float64Array[]): Float64Array {
  return new Float64Array(DIMENSION).map((_, i) =>
    vectors.reduce((sum, vector) => sum + (vector[i] ?? 0), 0),
  );
}

test.each([
  ["exact", 1e-7],
  ["compact", 2e-5],
  ["wan", 1e-3],
] as const)("under %s the opened sum is right to %d of its norm, and not to a 300th of that", (profile, error) => {
  const vectors = contributions();
  const sum = sumOf(vectors);
  const opened = secureSum(vectors, BOUNDED, manifestOf(false, { profile }));
  const relative = l2Norm(opened.map((value, i) => value - (sum[i] ?? 0))) / l2Norm(sum);
  expect(relative).toBeLessThan(error);
  expect(relative).toBeGreaterThan(error / 300);
});

test.each<[string, ManifestEncoding | undefined]>([
  ["the 32-bit grid", undefined],
  ["dp of 20 bits", { profile: "dp", ringBits: 20 }],
  ["dp of 18 bits", { profile: "dp", ringBits: 18 }],
  ["dp of 16 bits", { profile: "dp", ringBits: 16 }],
])("on %s the opened sum is right but for the noise that is promised, with a member missing", (_, encoding) => {
  const vectors = contributions().slice(1);
  const sum = sumOf(vectors);
  const opened = secureSum(vectors, NOISED, manifestOf(true, encoding));
  const noise = opened.map((value, i) => value - (sum[i] ?? 0));
  const stdDev = Math.sqrt(variance(noise));
  const mean = noise.reduce((a, b) => a + b, 0) / DIMENSION;
  expect(Math.abs(mean)).toBeLessThan((5 * stdDev) / Math.sqrt(DIMENSION));
  // Five survive; one may collude: four shares make up the whole.
  const promised = 3 * 0.5 * Math.sqrt(5 / 4);
  expect(Math.abs(stdDev / promised - 1)).toBeLessThan(5 / Math.sqrt(2 * DIMENSION) + 0.003);
});

test.each<[string, ManifestEncoding | undefined]>([
  ["the 32-bit grid", undefined],
  ["dp of 20 bits", { profile: "dp", ringBits: 20 }],
])("with local noise on %s one member's noise alone is what is promised", (_, encoding) => {
  const manifest = placed("local", encoding);
  const [vector] = contributions();
  if (!vector) throw new Error("there are members");
  const opened = secureSum([vector], NOISED, manifest);
  const stdDev = Math.sqrt(variance(opened.map((value, i) => value - (vector[i] ?? 0))));
  expect(Math.abs(stdDev / (3 * 0.5) - 1)).toBeLessThan(5 / Math.sqrt(2 * DIMENSION) + 0.003);
});

test("with central noise members send exact sums, and the coordinator adds all of it", () => {
  const manifest = placed("central");
  const vectors = contributions();
  const sum = sumOf(vectors);
  const exact = secureSum(vectors, NOISED, manifest);
  const rounding = (MEMBERS * 0.5) / 2 ** 17;
  for (const [i, value] of exact.entries())
    expect(Math.abs(value - (sum[i] ?? 0))).toBeLessThanOrEqual(rounding);
  const ring = new Uint32Array(DIMENSION);
  addCentralNoiseInPlace(ring, NOISED, manifest, new UniformSource(reproducibleRng("central")));
  const noise = decodeSum(ring, NOISED, manifest, { runId: RUN_ID, attempt: 0 });
  const stdDev = Math.sqrt(variance(noise));
  expect(Math.abs(stdDev / (3 * 0.5) - 1)).toBeLessThan(5 / Math.sqrt(2 * DIMENSION) + 0.003);
  expect(isCentral(NOISED, manifest)).toBe(true);
  expect(isCentral(BOUNDED, manifest)).toBe(false);
  const untouched = new Uint32Array(DIMENSION);
  addCentralNoiseInPlace(
    untouched,
    NOISED,
    placed("local"),
    new UniformSource(reproducibleRng("")),
  );
  expect(untouched).toEqual(new Uint32Array(DIMENSION));
  expect(() => wireFormat(NOISED, placed("central", { profile: "dp", ringBits: 18 }))).toThrow(
    "members draw no noise",
  );
});

test("vectors aimed at one coordinate of the rotation, alike at all members, are cut and never wrap", () => {
  const manifest = manifestOf(false, { profile: "wan" });
  const { coding } = wireFormat(BOUNDED, manifest);
  if (coding.kind !== "levels") throw new Error("levels");
  for (const [at, sign] of [
    [0, 1],
    [4999, -1],
    [1234, 1],
  ] as const) {
    const spike = new Float64Array(DIMENSION);
    spike[at] = 2 * sign; // The largest norm allowed, all of it in one rotated coordinate.
    const aimed = rotateBack(spike, rotationSigns(RUN_ID, 7));
    const opened = secureSum(new Array<Float64Array>(MEMBERS).fill(aimed), BOUNDED, manifest, 7);
    const along = opened.reduce((sum, value, i) => sum + value * (aimed[i] ?? 0), 0) / 4;
    // Six members' 2 become six times the cut, to the level; had it wrapped, the sign would be the other.
    const cut = (MEMBERS * coding.quantizer.magnitudeMax) / 2;
    expect(along / cut).toBeCloseTo(1, 2);
  }
});

test("the same vectors meet other signs in every attempt, and a sum decoded for another attempt is noise", () => {
  const manifest = manifestOf(false, { profile: "wan" });
  const vector = contributions()[0] ?? new Float64Array(DIMENSION);
  const encode = (attempt: number): Uint32Array => {
    const params = { shape: BOUNDED, manifest, runId: RUN_ID, attempt };
    return encodeContribution(vector, params, new UniformSource(reproducibleRng("x")));
  };
  expect(encode(1)).toEqual(encode(1));
  const [first, second] = [encode(1), encode(2)];
  const equal = first.reduce((count, value, i) => count + (value === second[i] ? 1 : 0), 0);
  expect(equal).toBeLessThan(DIMENSION / 20);
  const decode = (attempt: number): number => {
    const values = decodeSum(first, BOUNDED, manifest, { runId: RUN_ID, attempt });
    return l2Norm(values.map((value, i) => value - (vector[i] ?? 0))) / l2Norm(vector);
  };
  expect(decode(1)).toBeLessThan(0.01);
  expect(decode(2)).toBeGreaterThan(1);
});

test("a contribution of the wrong length, or noise without the run's settings, is our own fault", () => {
  const source = new UniformSource(reproducibleRng("x"));
  const encode = (length: number, shape: ReleaseShape, manifest: WireManifest) => () =>
    encodeContribution(
      new Float64Array(length),
      { shape, manifest, runId: RUN_ID, attempt: 0 },
      source,
    );
  expect(encode(1, BOUNDED, manifestOf(false))).toThrow(InvariantError);
  expect(encode(DIMENSION, NOISED, manifestOf(false))).toThrow(InvariantError);
});
