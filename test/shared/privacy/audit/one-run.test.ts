/** Tests of `shared/privacy/audit/`. */
import { expect, test } from "vitest";
import { binomialLowerTail, binomialPmf } from "../../../../shared/base/binomial.ts";
import { clopperPearsonUpper } from "../../../../shared/privacy/audit/clopper-pearson.ts";
import {
  oneRunEpsilonLowerBound,
  oneRunEpsilonLowerBoundGaussian,
  oneRunPValue,
} from "../../../../shared/privacy/audit/one-run.ts";
import { relativeError } from "../vectors.ts";

// google-deepmind/jax_privacy, auditing.py.
test.each([
  [1000, 200, 150, 0.5, 1e-5, 0.0006212078358387144],
  [500, 500, 270, 0.1, 0, 0.2652320986098833],
  [10_000, 1000, 800, 1, 1e-5, 0.0020859885157612657],
])("of %d canaries %d guessed, %d rightly: p at (%d, %d)", (...numbers) => {
  const [canaries, guesses, correct, epsilon, delta, expected] = numbers;
  const p = oneRunPValue({ canaries, guesses, correct }, epsilon, delta);
  expect(relativeError(p, expected)).toBeLessThan(1e-12);
});

test("δ's part is the largest mean, also where that is not found at once", () => {
  const [canaries, guesses, epsilon, delta] = [300, 40, 0.8, 1e-3];
  const success = 1 / (1 + Math.exp(-epsilon));
  const law = { trials: guesses, success, failure: 1 - success };
  for (let correct = 0; correct <= guesses; correct++) {
    let [tail, sum, largest] = [0, 0, 0];
    for (let k = correct; k <= guesses; k++) tail += binomialPmf(k, law);
    for (let i = 1; i <= correct; i++) {
      sum += binomialPmf(correct - i, law);
      largest = Math.max(largest, sum / i);
    }
    const expected = Math.min(1, tail + 2 * canaries * delta * largest);
    expect(oneRunPValue({ canaries, guesses, correct }, epsilon, delta)).toBeCloseTo(expected, 12);
  }
});

test.each([
  [1000, 200, 150, 1e-5, 0.8199728373996845, 1.2969160950579595],
  [2000, 400, 330, 1e-6, 1.3291594158977214, 2.3228198931036066],
  [500, 100, 100, 1e-5, 3.4791952949935085, 6.121754190890042],
])("of %d canaries %d guessed, %d rightly: ε is at least", (...numbers) => {
  const [canaries, guesses, correct, delta, pure, gaussian] = numbers;
  const seen = { canaries, guesses, correct };
  const bound = oneRunEpsilonLowerBound(seen, 0.05, delta);
  expect(relativeError(bound, pure)).toBeLessThan(1e-5);
  // What is reported is refuted, a little more is not.
  expect(oneRunPValue(seen, bound, delta)).toBeLessThanOrEqual(0.05);
  expect(oneRunPValue(seen, bound * 1.001, delta)).toBeGreaterThan(0.05);
  const tighter = oneRunEpsilonLowerBoundGaussian(seen, 0.05, delta);
  expect(relativeError(tighter, gaussian)).toBeLessThan(1e-5);
});

test("guesses at random refute nothing, nor does no guess", () => {
  for (const seen of [
    { canaries: 1000, guesses: 200, correct: 100 },
    { canaries: 1000, guesses: 0, correct: 0 },
  ]) {
    expect(oneRunEpsilonLowerBound(seen, 0.05, 1e-5)).toBe(0);
    expect(oneRunEpsilonLowerBoundGaussian(seen, 0.05, 1e-5)).toBe(0);
  }
});

test("more correct guesses than guesses is a mistake", () => {
  expect(() => oneRunPValue({ canaries: 10, guesses: 5, correct: 6 }, 1, 0)).toThrow();
});

test.each([
  [0, 100, 0.05, 0.02951304960703993],
  [50, 1000, 0.025, 0.06539048791549364],
])("Clopper and Pearson: %d of %d at %d", (successes, trials, significance, expected) => {
  expect(
    relativeError(clopperPearsonUpper(successes, trials, significance), expected),
  ).toBeLessThan(1e-12);
});

test("at the bound, so few successes are as improbable as the significance", () => {
  for (const [successes, trials, significance] of [
    [0, 1, 0.5],
    [999, 1000, 0.01],
    [3, 1_000_000, 1e-6],
  ] as const) {
    const success = clopperPearsonUpper(successes, trials, significance);
    const law = { trials, success, failure: 1 - success };
    expect(relativeError(binomialLowerTail(successes, law), significance)).toBeLessThan(1e-8);
  }
  expect(clopperPearsonUpper(7, 7, 0.05)).toBe(1);
});
