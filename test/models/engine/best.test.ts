/** The engine is chosen by what runs, what is asked for, and what a small known problem shows. */
import { afterEach, expect, test, vi } from "vitest";
import { architectureOf } from "../../../models/engine/architecture.ts";
import type { TrainerBackend } from "../../../models/engine/backend.ts";
import { agreesWithPlain, bestBackend } from "../../../models/engine/best.ts";
import { plainBackend } from "../../../models/engine/plain.ts";
import { schemaOf } from "../fixtures.ts";
import { ENGINES } from "./backends.ts";

const MODULE = "../../../models/engine/kernel/module.ts";

afterEach(() => {
  vi.doUnmock(MODULE);
  vi.resetModules();
});

const spec = { hidden: [3], activation: "relu" as const, seed: "a" };
const architecture = architectureOf(schemaOf(["number"]), spec);

test("this machine runs the fast engines, relaxed ones only where machines may differ", () => {
  expect(bestBackend(architecture, { acrossMachines: false }).name).toBe("wasm-relaxed-simd");
  expect(bestBackend(architecture, { acrossMachines: true }).name).toBe("wasm-simd");
});

test.each([
  [["relaxed"], "wasm-simd"],
  [["relaxed", "simd"], "plain"],
])("where %j does not run, the next one does", async (missing, expected) => {
  vi.resetModules();
  vi.doMock(MODULE, async (importOriginal) => {
    const original =
      await importOriginal<typeof import("../../../models/engine/kernel/module.ts")>();
    const openKernel: typeof original.openKernel = (variant) =>
      missing.includes(variant) ? null : original.openKernel(variant);
    return { ...original, openKernel };
  });
  const { bestBackend: choose } = await import("../../../models/engine/best.ts");
  expect(choose(architecture, { acrossMachines: false }).name).toBe(expected);
});

test.each(ENGINES)("$name agrees with the plain engine on the known problem", ({ open }) => {
  expect(agreesWithPlain(open)).toBe(true);
});

const OFF = 1e-3;
const broken: Record<string, (sound: TrainerBackend) => Partial<TrainerBackend>> = {
  logits: (sound) => ({ logits: (...args) => sound.logits(...args).map((z) => z + OFF) }),
  scores: (sound) => ({ scores: (...args) => sound.scores(...args).map(() => Number.NaN) }),
  "mean gradient": (sound) => ({
    meanGradient: (...args) => {
      const { gradient, loss } = sound.meanGradient(...args);
      gradient[40] = (gradient[40] ?? 0) + OFF;
      return { gradient, loss };
    },
  }),
  "clipped sum": (sound) => ({
    clippedGradientSum: (...args) => {
      const { gradient, losses, norms } = sound.clippedGradientSum(...args);
      return { gradient: gradient.map((x) => x * (1 + OFF)), losses, norms };
    },
  }),
  norms: (sound) => ({
    clippedGradientSum: (...args) => {
      const { gradient, losses, norms } = sound.clippedGradientSum(...args);
      return { gradient, losses, norms: norms.map((norm) => norm + OFF) };
    },
  }),
};
test.each(Object.keys(broken))("an engine whose %s are off is not chosen", (name) => {
  const breaking = broken[name];
  const open = (asked: typeof architecture): TrainerBackend => {
    const sound = plainBackend(asked);
    return { ...sound, ...breaking?.(sound) };
  };
  expect(agreesWithPlain(open)).toBe(false);
});
