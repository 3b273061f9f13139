/** Seeds 334 to 667: whole runs under faults that heal. One seed: `npm run simulate -- --seed 17`. */
import { expect, test, vi } from "vitest";
import { remembering } from "./remembered-signatures.ts";
import { faultySimulation, runSeed, seedRange } from "./seeds.ts";

vi.mock("../../shared/crypto/identity.ts", async (original) => remembering(await original()));

test.each(
  seedRange(334, 334),
)("seed %i: sums are exact, secrets stay, and the run goes on", (seed) => {
  expect(runSeed(faultySimulation(seed))).toEqual([]);
});
