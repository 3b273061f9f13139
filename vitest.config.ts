import { defineConfig } from "vitest/config";

/** Only what hangs is to fail by it: many tests start processes, on machines with two busy cores. */
const LIMIT_MS = 180_000;

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: LIMIT_MS,
    hookTimeout: LIMIT_MS,
    maxWorkers: 2,
  },
});
