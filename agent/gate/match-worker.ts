/**
 * EDGE: a lean thread that masks points for a matching. It holds the run's scalar and one chunk of a set, and nothing
 * else: no records, no connection. What it posts is a `MatchReply`.
 */
import { parentPort, workerData } from "node:worker_threads";
import { type MatchJob, type MatchKey, workOn } from "../../shared/matching/work.ts";
import type { MatchReply } from "./match-threads.ts";

const key = workerData as MatchKey;

function answer(job: MatchJob): MatchReply {
  try {
    return { result: workOn(job, key), failure: null };
  } catch (error) {
    return { result: null, failure: error instanceof Error ? error.name : "unknown" };
  }
}

/** The points move to the other thread instead of being copied. */
function handedOver({ result }: MatchReply): ArrayBuffer[] {
  const buffer = result?.points.buffer;
  return buffer instanceof ArrayBuffer ? [buffer] : [];
}

parentPort?.on("message", (job: MatchJob) => {
  const reply = answer(job);
  parentPort?.postMessage(reply, handedOver(reply));
});
