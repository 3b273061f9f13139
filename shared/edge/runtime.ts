/** EDGE: how Node runs a process that stays and does the same few things again and again, each seldom. */
import { accessSync, constants } from "node:fs";
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
 * What is new in the heap is looked through often, while it is little. Frames and vectors are outside the heap and hang
 * on small things in it: left to pile up they have V8 go through the whole heap, several times a second.
 */
const LITTLE_NEW = "--max-semi-space-size=4";
/**
 * Garbage is collected by the thread that made it: helpers of four threads' collectors, woken for a moment each, took a
 * tenth of a small round's processor time. Not for a coordinator: with long vectors its helpers keep it small.
 */
const COLLECT_ALONE = "--single-threaded-gc";

const FLAGS = { agent: [LITTLE_NEW, COLLECT_ALONE], coordinator: [LITTLE_NEW] } as const;

/**
 * To be called first: where the system can, the process begins again under flags that V8 takes at its beginning only,
 * with the same id, arguments and files. Elsewhere it goes on without.
 */
export function runLean(kind: keyof typeof FLAGS): void {
  const { execArgv, execPath, argv, env } = process;
  const flags = FLAGS[kind].filter((flag) => !execArgv.includes(flag));
  if (flags.length > 0 && canBeginAgain())
    process.execve?.(execPath, [execPath, ...flags, ...execArgv, ...argv.slice(1)], env);
  for (const flag of COMPILE_EARLY) setFlagsFromString(flag);
}

/** Not where a parent listens on a channel, which would be lost; a failing start of Node cannot be caught. */
function canBeginAgain(): boolean {
  if (!isMainThread || !process.execve || process.platform === "win32" || process.connected)
    return false;
  try {
    accessSync(process.execPath, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
