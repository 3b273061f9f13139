/** Tests of `shared/privacy/encoding/quantize.ts`. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { CloisterError } from "../../../../shared/base/errors.ts";
import { reproducibleRng } from "../../../../shared/base/reproducible.ts";
import { UniformSource } from "../../../../shared/base/uniform.ts";
import {
  dequantizeSum,
  type Quantizer,
  quantize,
  quantizerScale,
} from "../../../../shared/privacy/encoding/quantize.ts";
import {
  fromRing,
  type RingBits,
  signedMax,
  toRing,
} from "../../../../shared/privacy/encoding/ring.ts";

const source = (): UniformSource => new UniformSource(reproducibleRng("rounding"));

/** What secure aggregation computes: the sum modulo 2^b. */
function ringSum(vectors: readonly Uint32Array[], ringBits: RingBits): Uint32Array {
  const sum = new Uint32Array(vectors[0]?.length ?? 0);
  for (const vector of vectors)
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (vector[i] ?? 0);
  return sum.map((value) => value & (2 ** ringBits - 1));
}

const quantizer = fc.record({
  magnitudeMax: fc.double({ min: 1e-9, max: 1e9, noNaN: true }),
  ringBits: fc.constantFrom<RingBits>(24, 32),
  memberCount: fc.integer({ min: 1, max: 255 }),
  exact: fc.constant(false),
});

test("the sum of any values within the bound is right to one level per member", () => {
  const values = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), {
    minLength: 1,
    maxLength: 8,
  });
  fc.assert(
    fc.property(quantizer, values, (params, fractions) => {
      const { magnitudeMax, memberCount, ringBits } = params;
      const vector = Float64Array.from(fractions, (fraction) => fraction * magnitudeMax);
      const random = source();
      const sent = Array.from({ length: memberCount }, () => quantize(vector, params, random));
      const sum = dequantizeSum(ringSum(sent, ringBits), params);
      const level = 1 / quantizerScale(params).scale;
      for (let i = 0; i < vector.length; i++) {
        const error = Math.abs((sum[i] ?? 0) - memberCount * (vector[i] ?? 0));
        expect(error).toBeLessThanOrEqual(memberCount * level * (1 + 1e-9));
      }
    }),
  );
});

test("all members at either extreme stay inside the signed ring", () => {
  fc.assert(
    fc.property(quantizer, fc.constantFrom(-1, 1), (params, sign) => {
      const { magnitudeMax, memberCount, ringBits } = params;
      const sent = quantize(Float64Array.of(sign * magnitudeMax), params, source());
      const total = memberCount * (fromRing(sent, ringBits)[0] ?? 0);
      expect(Math.abs(total)).toBeLessThanOrEqual(signedMax(ringBits));
      const sum = ringSum(new Array<Uint32Array>(memberCount).fill(sent), ringBits);
      expect(Math.sign(dequantizeSum(sum, params)[0] ?? 0)).toBe(sign);
    }),
    { numRuns: 1000 },
  );
});

test("integers arrive exactly where that is asked for", () => {
  const counts = fc.array(fc.integer({ min: -5000, max: 5000 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(counts, fc.integer({ min: 3, max: 255 }), (entries, memberCount) => {
      const params: Quantizer = { magnitudeMax: 5000, ringBits: 24, memberCount, exact: true };
      const sent = quantize(Float64Array.from(entries), params, source());
      const sum = ringSum(new Array<Uint32Array>(memberCount).fill(sent), 24);
      expect([...dequantizeSum(sum, params)]).toEqual(
        entries.map((entry) => entry * memberCount + 0),
      );
    }),
  );
});

test("integers that the ring cannot hold exactly are refused, not rounded", () => {
  const fits = { magnitudeMax: 1_000_000, ringBits: 24, memberCount: 8, exact: true } as const;
  expect(quantizerScale(fits).scale).toBe(1);
  expect(() => quantizerScale({ ...fits, memberCount: 9 })).toThrow(CloisterError);
  expect(quantizerScale({ ...fits, memberCount: 9, ringBits: 32 }).scale).toBe(128);
});

test("rounding up or down at random has the right mean", () => {
  const params: Quantizer = { magnitudeMax: 1, ringBits: 24, memberCount: 255, exact: false };
  const { scale } = quantizerScale(params);
  const values = new Float64Array(100_000).fill(10.3 / scale);
  const levels = fromRing(quantize(values, params, source()), 24);
  expect(new Set(levels)).toEqual(new Set([10, 11]));
  const mean = levels.reduce((sum, level) => sum + level, 0) / levels.length;
  expect(Math.abs(mean - 10.3)).toBeLessThan(5 * Math.sqrt(0.21 / levels.length));
});

test("values beyond the bound are clamped to it", () => {
  const params: Quantizer = { magnitudeMax: 2, ringBits: 32, memberCount: 3, exact: true };
  const sum = dequantizeSum(quantize(Float64Array.of(1e300, -3), params, source()), params);
  expect([...sum]).toEqual([2, -2]);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY])("a coordinate of %d is refused", (bad) => {
  const params: Quantizer = { magnitudeMax: 2, ringBits: 32, memberCount: 3, exact: false };
  expect(() => quantize(Float64Array.of(0, bad), params, source())).toThrow(/coordinate 1/);
});

test("ring and signed readings undo each other over the whole signed range", () => {
  fc.assert(
    fc.property(fc.constantFrom<RingBits>(24, 32), fc.integer(), (ringBits, value) => {
      const signed = ringBits === 32 ? value : (value << 8) >> 8;
      const residues = toRing(Int32Array.of(signed), ringBits);
      expect(residues[0]).toBeLessThan(2 ** ringBits);
      expect(fromRing(residues, ringBits)[0]).toBe(signed);
    }),
  );
});
