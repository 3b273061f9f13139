/** The handlers of accountants' reference values, over all published ones. */
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { pldKinds } from "../../../../shared/privacy/check/pld-kinds.ts";
import { relativeError, vectorsMissing, vectorsOf } from "../vectors.ts";

const Anything = z.record(z.string(), z.unknown());

interface Comparison {
  readonly id: string;
  readonly inputs: Record<string, unknown>;
  readonly results: Record<string, number>;
  readonly expected: Record<string, unknown>;
  readonly tolerance: Record<string, number>;
}

const computed = new Map<string, Comparison[]>();

/** Computed once per kind, for several tests. */
function comparisons(kind: string): Comparison[] {
  const known = computed.get(kind) ?? compared(kind);
  computed.set(kind, known);
  return known;
}

function compared(kind: string): Comparison[] {
  return vectorsOf(kind, Anything, Anything).map((vector) => {
    const results = pldKinds[kind]?.(vector.inputs);
    if (results === undefined) throw new Error(`no handler of ${kind}`);
    return { ...vector, results };
  });
}

/** The named result beside its reference value. */
function both({ results, expected }: Comparison, name: string): [number, number] {
  return [results[name] ?? Number.NaN, z.number().parse(expected[name])];
}

describe.skipIf(vectorsMissing)("reference values", () => {
  test("ε of privacy losses: at most 10^-4 above the converged value, and not below it", () => {
    for (const one of comparisons("pld_poisson_epsilon")) {
      const [epsilon, expected] = both(one, "epsilon");
      expect(relativeError(epsilon, expected), one.id).toBeLessThan(1e-4);
      expect(epsilon, one.id).toBeGreaterThanOrEqual(one.tolerance["must_be_at_least"] ?? Infinity);
      // What the reference's extrapolation leaves uncertain.
      expect(epsilon, one.id).toBeGreaterThanOrEqual(expected * (1 - 1e-6));
    }
  });

  test.each([
    ["pld_poisson_epsilon_replace_one", "epsilon"],
    ["pld_truncated_poisson_epsilon", "epsilon"],
    ["pld_group_poisson_epsilon", "epsilon"],
    ["pld_laplace_epsilon", "epsilon"],
    ["pld_laplace_epsilon", "pure_dp"],
    ["pld_discrete_laplace_epsilon", "pure_dp"],
    ["pld_poisson_delta", "delta"],
    ["rdp_laplace_order", "rdp"],
    ["rdp_laplace_epsilon", "epsilon"],
    ["rdp_laplace_epsilon", "optimal_order"],
    ["calibrate_sigma_rdp", "noise_multiplier"],
    ["calibrate_sigma_pld", "noise_multiplier"],
    ["published", "published"],
    ["published", "recomputed"],
  ])("%s: %s", (kind, name) => {
    for (const one of comparisons(kind)) {
      const error = relativeError(...both(one, name));
      expect(error, one.id).toBeLessThanOrEqual(one.tolerance["rel"] ?? 0);
    }
  });

  test("discrete Laplace noise: exact, where the reference rounds each loss up by up to 10^-4", () => {
    for (const one of comparisons("pld_discrete_laplace_epsilon")) {
      const [epsilon, expected] = both(one, "epsilon");
      const roundedUp = 1e-4 * z.number().parse(one.inputs["count"]);
      expect(epsilon, one.id).toBeLessThanOrEqual(expected * (1 + 1e-6));
      expect(epsilon, one.id).toBeGreaterThanOrEqual(expected - roundedUp);
    }
  });

  test("calibrated plans are on the safe side", () => {
    for (const kind of ["calibrate_sigma_rdp", "calibrate_sigma_pld"]) {
      for (const { id, inputs, results } of comparisons(kind)) {
        const target = z.number().parse(inputs["epsilon"]);
        expect(results["epsilon_at_sigma"], id).toBeLessThanOrEqual(target);
        expect(results["epsilon_at_sigma"], id).toBeGreaterThan(0.999 * target);
      }
    }
  });

  test("steps, and ε at the last that fits and the next", () => {
    for (const one of comparisons("max_steps_pld")) {
      const [steps, expected] = both(one, "steps");
      expect(Math.abs(steps - expected), one.id).toBeLessThanOrEqual(one.tolerance["abs"] ?? 0);
      const target = z.number().parse(one.inputs["epsilon"]);
      expect(one.results["epsilon_at_steps"], one.id).toBeLessThanOrEqual(target);
      expect(one.results["epsilon_at_next"], one.id).toBeGreaterThan(target);
    }
  });

  test("compositions of different mechanisms", () => {
    for (const one of comparisons("composition_epsilon")) {
      const pld = relativeError(...both(one, "epsilon_pld"));
      expect(pld, one.id).toBeLessThanOrEqual(one.tolerance["pld_rel"] ?? 0);
      const rdp = relativeError(...both(one, "epsilon_rdp"));
      expect(rdp, one.id).toBeLessThanOrEqual(one.tolerance["rdp_rel"] ?? 0);
      expect(one.results["rdp_order"], one.id).toBe(one.expected["rdp_order"]);
    }
  });
});

test("inputs that make no sense are refused", () => {
  const inputs = { sampling_probability: 0.1, noise_multiplier: 1, steps: 10, delta: 1e-6 };
  const handler = pldKinds["pld_poisson_epsilon"];
  expect(handler?.(inputs)["epsilon"]).toBeGreaterThan(0);
  for (const wrong of [{ steps: 0 }, { steps: 1.5 }, { sampling_probability: 2 }, { delta: 1 }]) {
    expect(() => handler?.({ ...inputs, ...wrong })).toThrow(z.ZodError);
  }
  expect(() => handler?.({ ...inputs, neighboring_relation: "SWAP" })).toThrow(z.ZodError);
});
