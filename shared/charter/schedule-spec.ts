/** How a learning rate or a clipping bound changes over a run: a public function of the round's number. Pure. */
import { z } from "zod";
import { LIMITS } from "../protocol/limits.ts";

const Rounds = z.int().min(1).max(LIMITS.roundsMax);

/** Training rounds over which the value rises in equal steps to its full size. */
const warmupRounds = z.int().min(0).max(LIMITS.roundsMax).default(0);

export const Schedule = z.discriminatedUnion("kind", [
  /** Full size after the warm-up. */
  z.strictObject({ kind: z.literal("constant"), warmupRounds }),
  /** Multiplied by `factor` after every so many rounds. */
  z.strictObject({
    kind: z.literal("step"),
    everyRounds: Rounds,
    factor: z.number().gt(0).lt(1),
    warmupRounds,
  }),
  /** Half a cosine, from full size down to the share `floor` of it at the run's end. */
  z.strictObject({
    kind: z.literal("cosine"),
    floor: z.number().min(0.001).max(1).default(0.01),
    warmupRounds,
  }),
]);
export type Schedule = z.infer<typeof Schedule>;
