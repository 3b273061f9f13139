/** Tests of `shared/privacy/accounting/zcdp.ts`. */
import { expect, test } from "vitest";
import { epsilonAtOrder } from "../../../../shared/privacy/accounting/rdp.ts";
import { epsilonOfZcdp } from "../../../../shared/privacy/accounting/zcdp.ts";
import { relativeError } from "../vectors.ts";

// mpmath, 40 digits.
test.each([
  [0.005, 1e-6, 0.4299414688369493, 45.70631730605727],
  [0.5, 1e-5, 4.728386984943314, 5.431849670270102],
  [0.1, 1e-9, 2.715481886730502, 14.436337801101022],
])("ρ = %d at δ = %d", (rho, delta, epsilon, order) => {
  const best = epsilonOfZcdp(rho, delta);
  expect(relativeError(best.epsilon, epsilon)).toBeLessThan(1e-12);
  expect(relativeError(best.order, order)).toBeLessThan(1e-12);
});

test("no other order gives less", () => {
  for (const rho of [1e-4, 0.1, 3, 100]) {
    const best = epsilonOfZcdp(rho, 1e-6);
    for (const nearby of [0.9, 0.999, 1.001, 1.1]) {
      const order = 1 + (best.order - 1) * nearby;
      expect(epsilonAtOrder(rho * order, 1e-6, order)).toBeGreaterThanOrEqual(best.epsilon);
    }
  }
});
