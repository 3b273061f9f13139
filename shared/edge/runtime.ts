/** EDGE: how Node runs a process that stays and does the same few things again and again, each seldom. */

import { setFlagsFromString } from "node:v8";
import { isMainThread } from "node:worker_threads";

/**
 * V8 waits for hundreds of calls before it optimises a function. Of a round's hundreds of functions most are called
 * once or twice in it: a run would be over before they are optimised. Thresholds only; what code does is the same.
 * Those of its last compiler are left alone: what it takes itself is more than it saves in some hundred rounds.
 */
const COMPILE_EARLY = [
  "--invocation-count-for-feedback-allocation=2",
  "--invocation-count-for-maglev=40",
  "--minimum-invocations-after-ic-update=40",
];

/**
 * Garbage is collected by the thread that made it. Heaps are small, what is large is outside them, and helpers of four
 * threads' collectors, woken for a moment each, took a fifth of a small round's processor time.
 */
const COLLECT_ALONE = "--single-threaded-gc";

/**
 * To be called first: where the system can, the process begins again under the flag that V8 takes at its beginning only,
 * with the same id, arguments and files.
 */
export function runLean(): void {
  const { execArgv, execPath, argv, env } = process;
  if (isMainThread && process.execve && !execArgv.includes(COLLECT_ALONE))
    process.execve(execPath, [execPath, COLLECT_ALONE, ...execArgv, ...argv.slice(1)], env);
  for (const flag of COMPILE_EARLY) setFlagsFromString(flag);
}
