/** EDGE: when Node's compiler optimises, in a process that does the same few things again and again, each seldom. */
import { setFlagsFromString } from "node:v8";

/**
 * V8 waits for hundreds of calls before it optimises a function. Of a round's hundreds of functions most are called
 * once or twice in it: a run would be over before they are optimised. Thresholds only; what code does is the same.
 * Those of its last compiler are left alone: what it takes itself is more than it saves in some hundred rounds.
 */
const FLAGS = [
  "--invocation-count-for-feedback-allocation=2",
  "--invocation-count-for-maglev=40",
  "--minimum-invocations-after-ic-update=40",
];

/** For processes that stay: all threads of this one, from now on. */
export function optimiseEarly(): void {
  for (const flag of FLAGS) setFlagsFromString(flag);
}
