/** Tests of `shared/privacy/encoding/profiles.ts`: what each encoding of an unnoised sum loses. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { reproducibleRng } from "../../../../shared/base/reproducible.ts";
import { UniformSource } from "../../../../shared/base/uniform.ts";
import { FLATNESS, flatMagnitudeMax } from "../../../../shared/privacy/encoding/flatness.ts";
import {
  type BoundedVector,
  rmsErrorMax,
  type UnnoisedEncoding,
  type UnnoisedProfile,
  unnoisedEncoding,
} from "../../../../shared/privacy/encoding/profiles.ts";
import {
  dequantizeSum,
  type Quantizer,
  quantize,
  quantizerScale,
} from "../../../../shared/privacy/encoding/quantize.ts";
import { fromRing, type RingBits, signedMax } from "../../../../shared/privacy/encoding/ring.ts";
import { rotate, rotateBack } from "../../../../shared/privacy/encoding/rotation.ts";
import { l2Norm } from "../../../../shared/privacy/mechanism/clip.ts";

const SIGNS = "signs";

/** What members, secure aggregation and coordinator make of the vectors together. */
function opened(
  vectors: readonly Float64Array[],
  { rotated, quantizer }: UnnoisedEncoding,
  seed = SIGNS,
): Float64Array {
  const source = new UniformSource(reproducibleRng(`rounding ${seed}`));
  const sum = new Uint32Array(vectors[0]?.length ?? 0);
  for (const vector of vectors) {
    const values = rotated ? rotate(vector, reproducibleRng(seed)) : vector;
    const sent = quantize(values, quantizer, source);
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (sent[i] ?? 0);
  }
  const values = dequantizeSum(sum, quantizer);
  return rotated ? rotateBack(values, reproducibleRng(seed)) : values;
}

function sumOf(vectors: readonly Float64Array[]): Float64Array {
  const sum = new Float64Array(vectors[0]?.length ?? 0);
  for (const vector of vectors)
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (vector[i] ?? 0);
  return sum;
}

function errorNorm(got: Float64Array, wanted: Float64Array): number {
  return l2Norm(got.map((value, i) => value - (wanted[i] ?? 0)));
}

/** ‖error‖²/‖sum‖². */
function nmse(vectors: readonly Float64Array[], encoding: UnnoisedEncoding): number {
  const sum = sumOf(vectors);
  return (errorNorm(opened(vectors, encoding), sum) / l2Norm(sum)) ** 2;
}

/**
 * Updates as the design's table has them: eight layers whose scales spread over three decades, heavy tails
 * (Student's t with 3 degrees of freedom), a quarter of the energy in common, norm 1.
 */
function updates(memberCount: number, dimension: number): Float64Array[] {
  const heavy = (source: UniformSource): number => {
    let squares = 0;
    for (let k = 0; k < 3; k++) squares += source.normal() ** 2;
    return source.normal() / Math.sqrt(squares / 3);
  };
  const common = new UniformSource(reproducibleRng("common"));
  const shared = Float64Array.from({ length: dimension }, () => heavy(common));
  return Array.from({ length: memberCount }, (_, member) => {
    const own = new UniformSource(reproducibleRng(`member ${member}`));
    const update = shared.map((value, i) => {
      const layer = Math.floor((8 * i) / dimension);
      return (0.5 * value + Math.sqrt(0.75) * heavy(own)) * 10 ** ((-3 * layer) / 7);
    });
    const norm = l2Norm(update);
    return update.map((value) => value / norm);
  });
}

const D = 2 ** 17;

function quantizerOf(magnitudeMax: number, ringBits: RingBits, memberCount: number): Quantizer {
  return { magnitudeMax, ringBits, memberCount, exact: false };
}

test.each([
  [10, 16, 1.2e-7],
  [10, 18, 7.3e-9],
  [10, 20, 4.6e-10],
  [10, 24, 1.8e-12],
  [100, 16, 1.5e-6],
] as const)("rotated, %i members at %i bits have the design's NMSE of %d, and it is worth 4 to 6 bits", (n, bits, wanted) => {
  const dimension = n === 100 ? D / 4 : D; // The rotated error does not depend on it.
  const vectors = updates(n, dimension);
  const flat = quantizerOf(flatMagnitudeMax(1, dimension), bits, n);
  const rotated = nmse(vectors, { rotated: true, quantizer: flat });
  expect(rotated / wanted).toBeGreaterThan(0.8);
  expect(rotated / wanted).toBeLessThan(1.25);
  // Against the best a ring can do without: the bound is the true maximum, which nobody knows.
  let largest = 0;
  for (const vector of vectors) for (const x of vector) largest = Math.max(largest, Math.abs(x));
  const plain = nmse(vectors, { rotated: false, quantizer: quantizerOf(largest, bits, n) });
  const bitsSaved = Math.log2(plain / rotated) / 2;
  expect(bitsSaved).toBeGreaterThan(3.8);
  expect(bitsSaved).toBeLessThan(6);
});

test("a cut at κ = 5 beats both a narrower one and one that is never reached", () => {
  const vectors = updates(10, D);
  const at = (kappa: number): number => {
    const magnitudeMax = (kappa / FLATNESS) * flatMagnitudeMax(1, D);
    return nmse(vectors, { rotated: true, quantizer: quantizerOf(magnitudeMax, 16, 10) });
  };
  const unionBound = Math.sqrt(2 * Math.log(2 * 10 * D * 2 ** 40));
  expect(unionBound).toBeCloseTo(9.2, 1);
  expect(at(unionBound) / at(FLATNESS)).toBeGreaterThan(3);
  expect(at(4) / at(FLATNESS)).toBeGreaterThan(5);
});

const BOUND: BoundedVector = {
  dimension: 3000,
  magnitudeMax: 10,
  l2NormMax: 10,
  ringBits: 24,
  exact: false,
};

test("exact is 32 bits, compact what the task asks for, wan 16 bits of a rotated vector", () => {
  const of = (profile: UnnoisedProfile, bound = BOUND): [boolean, number, number] => {
    const { rotated, quantizer } = unnoisedEncoding(profile, bound, 10);
    return [rotated, quantizer.ringBits, quantizer.magnitudeMax];
  };
  expect(of("exact")).toEqual([false, 32, 10]);
  expect(of("compact")).toEqual([false, 24, 10]);
  expect(of("compact", { ...BOUND, ringBits: 32 })).toEqual([false, 32, 10]);
  expect(of("wan")).toEqual([true, 16, (5 * 10) / Math.sqrt(2048)]);
  const unbounded = { ...BOUND, l2NormMax: undefined };
  expect(() => of("wan", unbounded)).toThrow(
    "the encoding wan needs a bound on the ℓ2 norm of a member's vector, and this task states none: use compact or exact",
  );
  expect(() => of("wan", { ...BOUND, exact: true })).toThrow("never rotated");
});

test.each([
  "exact",
  "compact",
  "wan",
] as const)("under %s a sum is right within the stated error, and compact and exact in every coordinate", (profile) => {
  for (const [dimension, n] of [
    [1, 3],
    [3, 5],
    [1000, 10],
    [1025, 3],
    [2047, 100],
  ] as const) {
    const bound = { ...BOUND, dimension };
    const vectors = updates(n, dimension).map((v, k) => v.map((x) => (x * 10) / (1 + (k % 3))));
    const encoding = unnoisedEncoding(profile, bound, n);
    const sum = sumOf(vectors);
    let squares = 0;
    const trials = 8;
    for (let trial = 0; trial < trials; trial++) {
      const got = opened(vectors, encoding, `trial ${trial}`);
      squares += errorNorm(got, sum) ** 2;
      if (profile === "wan") continue;
      const level = 1 / quantizerScale(encoding.quantizer).scale;
      for (let i = 0; i < dimension; i++)
        expect(Math.abs((got[i] ?? 0) - (sum[i] ?? 0))).toBeLessThanOrEqual(n * level * 1.001);
    }
    const bias = Math.sqrt(squares / trials) / rmsErrorMax(encoding, bound);
    // Above the mean square by four of its standard errors at most, where a few coordinates decide.
    expect(bias).toBeLessThan(dimension > 100 ? 1 : 2);
    if (dimension > 100) expect(bias).toBeGreaterThan(0.1);
  }
});

test("no vectors, however they are chosen, carry a sum out of the ring", () => {
  const n = 7;
  const dimension = 96;
  const corner = (at: number, sign: number): Float64Array => {
    const values = new Float64Array(dimension);
    values[at] = 10 * sign;
    return values;
  };
  // What the rotation turns into one coordinate: the worst that a member who knows the signs can send.
  const aimed = (at: number, norm: number): Float64Array =>
    rotateBack(corner(at, norm / 10), reproducibleRng(SIGNS));
  const worst = fc.oneof(
    fc.tuple(fc.nat(dimension - 1), fc.constantFrom(-1, 1)).map(([at, sign]) => corner(at, sign)),
    fc
      .tuple(fc.nat(dimension - 1), fc.constantFrom(-10, 10, 1e6, -1e300))
      .map(([at, norm]) => aimed(at, norm)),
    fc.constantFrom(1e300, -1e300).map((value) => new Float64Array(dimension).fill(value)),
  );
  fc.assert(
    fc.property(
      worst,
      fc.constantFrom<UnnoisedProfile>("exact", "compact", "wan"),
      (vector, profile) => {
        const { rotated, quantizer } = unnoisedEncoding(profile, { ...BOUND, dimension }, n);
        const values = rotated ? rotate(vector, reproducibleRng(SIGNS)) : vector;
        const source = new UniformSource(reproducibleRng("x"));
        const sent = Array.from({ length: n }, () => quantize(values, quantizer, source));
        for (let i = 0; i < dimension; i++) {
          const total = sent.reduce(
            (sum, one) => sum + (fromRing(one, quantizer.ringBits)[i] ?? 0),
            0,
          );
          expect(Math.abs(total)).toBeLessThanOrEqual(signedMax(quantizer.ringBits));
        }
        // And so the sum that is opened has every coordinate's sign right, before it is rotated back.
        const open = dequantizeSum(sumModulo(sent, quantizer.ringBits), quantizer);
        const magnitude = quantizer.magnitudeMax / 100;
        for (let i = 0; i < dimension; i++)
          if (Math.abs(values[i] ?? 0) > magnitude)
            expect(Math.sign(open[i] ?? 0)).toBe(Math.sign(values[i] ?? 0));
      },
    ),
    { numRuns: 300 },
  );
});

function sumModulo(vectors: readonly Uint32Array[], ringBits: RingBits): Uint32Array {
  const sum = new Uint32Array(vectors[0]?.length ?? 0);
  for (const vector of vectors)
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (vector[i] ?? 0);
  return sum.map((value) => value & (ringBits === 32 ? -1 : 2 ** ringBits - 1));
}
