/**
 * Fast Fourier transform of real sequences whose length is a power of two. Pure. Every root of unity
 * is computed by itself, so that errors grow with the logarithm of the length only.
 */
import { assert } from "../../../base/assert.ts";

/** Values at the frequencies 0 … N/2; the others are their conjugates. Shape [N/2 + 1] each. */
export interface Spectrum {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/** Roots of unity for sequences of length N. */
export interface FftPlan {
  readonly length: number;
  /** cos and sin of πj/h at index h + j, for each h = 1, 2, 4 … N/2 and j < h. Shape [N]. */
  readonly cosines: Float64Array;
  readonly sines: Float64Array;
}

/** @param length A power of two, at least 4. */
export function fftPlan(length: number): FftPlan {
  assert(
    length >= 4 && Number.isInteger(Math.log2(length)),
    "a transform's length is a power of 2",
  );
  const cosines = new Float64Array(length);
  const sines = new Float64Array(length);
  const widest = length / 2;
  for (let j = 0; j <= widest / 2; j++) {
    const [c, s] = [Math.cos((Math.PI * j) / widest), Math.sin((Math.PI * j) / widest)];
    cosines[widest + j] = c;
    sines[widest + j] = s;
    if (j > 0) cosines[length - j] = -c;
    if (j > 0) sines[length - j] = s;
  }
  // A coarser circle's roots are every other one of the next finer.
  for (let k = widest - 1; k > 0; k--) {
    cosines[k] = cosines[2 * k] ?? 0;
    sines[k] = sines[2 * k] ?? 0;
  }
  return { length, cosines, sines };
}

/**
 * X_k = Σ x_n e^(−2πikn/N), through one complex transform of half the length.
 *
 * @param x Shape [N]. Not changed.
 */
export function realFft(plan: FftPlan, x: Float64Array): Spectrum {
  const half = plan.length / 2;
  assert(x.length === plan.length, "the sequence has the plan's length");
  const re = new Float64Array(half + 1);
  const im = new Float64Array(half + 1);
  for (let n = 0; n < half; n++) {
    re[n] = x[2 * n] ?? 0;
    im[n] = x[2 * n + 1] ?? 0;
  }
  transformInPlace(plan, re, im, half);
  re[half] = re[0] ?? 0;
  im[half] = im[0] ?? 0;
  separateInPlace(plan, { re, im }, 1);
  return { re, im };
}

/** The inverse of `realFft`. @param spectrum Shape [N/2 + 1]. Overwritten. */
export function inverseRealFftInPlace(plan: FftPlan, { re, im }: Spectrum): Float64Array {
  const half = plan.length / 2;
  assert(re.length === half + 1 && im.length === half + 1, "the spectrum has the plan's length");
  separateInPlace(plan, { re, im }, -1);
  // The inverse is the forward transform of the conjugate, conjugated and divided by the length.
  for (let k = 0; k < half; k++) im[k] = -(im[k] ?? 0);
  transformInPlace(plan, re, im, half);
  const x = new Float64Array(plan.length);
  for (let n = 0; n < half; n++) {
    x[2 * n] = (re[n] ?? 0) / half;
    x[2 * n + 1] = -(im[n] ?? 0) / half;
  }
  return x;
}

/**
 * Between Z, the transform of x_2n + i·x_2n+1, and X: with E and O those of the even and the odd part,
 * Z_k = E_k + i·O_k and X_k = E_k + e^(−2πik/N)·O_k. `sign` 1 from Z to X, −1 back.
 */
function separateInPlace(plan: FftPlan, { re, im }: Spectrum, sign: 1 | -1): void {
  const half = plan.length / 2;
  for (let k = 0; k <= half / 2; k++) {
    const mirror = half - k;
    const [aRe, aIm] = [re[k] ?? 0, im[k] ?? 0];
    const [bRe, bIm] = [re[mirror] ?? 0, im[mirror] ?? 0];
    const c = plan.cosines[half + k] ?? 0;
    const s = plan.sines[half + k] ?? 0;
    const [sumRe, sumIm] = [(aRe + bRe) / 2, (aIm - bIm) / 2];
    const [diffRe, diffIm] = [(aRe - bRe) / 2, (aIm + bIm) / 2];
    // diff times −i·e^(−iθ) on the way there, times i·e^(iθ) on the way back.
    const turnedRe = sign * c * diffIm - s * diffRe;
    const turnedIm = -sign * c * diffRe - s * diffIm;
    re[k] = sumRe + turnedRe;
    im[k] = sumIm + turnedIm;
    re[mirror] = sumRe - turnedRe;
    im[mirror] = turnedIm - sumIm;
  }
}

/** Cooley and Tukey's, decimation in time, of the first `count` entries. */
function transformInPlace(plan: FftPlan, re: Float64Array, im: Float64Array, count: number): void {
  reverseBitsInPlace(re, im, count);
  const { cosines, sines } = plan;
  for (let half = 1; half < count; half *= 2) {
    for (let start = 0; start < count; start += 2 * half) {
      for (let j = 0; j < half; j++) {
        const [low, high] = [start + j, start + j + half];
        const c = cosines[half + j] ?? 0;
        const s = sines[half + j] ?? 0;
        const highRe = re[high] ?? 0;
        const highIm = im[high] ?? 0;
        const turnedRe = highRe * c + highIm * s;
        const turnedIm = highIm * c - highRe * s;
        const lowRe = re[low] ?? 0;
        const lowIm = im[low] ?? 0;
        re[high] = lowRe - turnedRe;
        im[high] = lowIm - turnedIm;
        re[low] = lowRe + turnedRe;
        im[low] = lowIm + turnedIm;
      }
    }
  }
}

function reverseBitsInPlace(re: Float64Array, im: Float64Array, count: number): void {
  for (let i = 1, j = 0; i < count; i++) {
    let bit = count >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i >= j) continue;
    const [keptRe, keptIm] = [re[i] ?? 0, im[i] ?? 0];
    re[i] = re[j] ?? 0;
    im[i] = im[j] ?? 0;
    re[j] = keptRe;
    im[j] = keptIm;
  }
}
