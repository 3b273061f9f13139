/** What the planner's verdicts mean, in words. Pure. */
import type { Worth } from "../shared/privacy/accounting/outlook.ts";

export const VERDICTS: Readonly<Record<Worth["verdict"], string>> = {
  good: "the noise will hardly be felt",
  noisy: "the model will be somewhat worse than without noise",
  poor: "much of the signal is lost: more rounds of larger samples, a larger ε, or a smaller model",
  hopeless: "the noise drowns the signal: do not spend budget on this",
};
