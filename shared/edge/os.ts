/** EDGE: the operating system's clock and random generator. What protects anyone is drawn here. */
import { randomFillSync } from "node:crypto";
import type { Clock, Rng } from "../base/env.ts";

export const osRng: Rng = {
  fill(target) {
    randomFillSync(target);
  },
};

export const osClock: Clock = { nowMs: () => Date.now() };
