/**
 * EDGE: a lean thread that expands masks. It holds keys and the vectors they become, and nothing else: no records, no
 * connection. What it posts is a `MaskReply`.
 */
import { parentPort } from "node:worker_threads";
import { applyMasksInPlace, unpackMasks } from "../secagg/masks.ts";
import type { MaskJob, MaskReply } from "./mask-messages.ts";

function expand({ id, masks, bits, target, firstElement }: MaskJob): MaskReply {
  try {
    applyMasksInPlace(target, unpackMasks(masks), bits, firstElement);
    return { id, failure: null };
  } catch (error) {
    return { id, failure: error instanceof Error ? error.name : "unknown" };
  } finally {
    masks.keys.fill(0);
  }
}

parentPort?.on("message", (job: MaskJob) => parentPort?.postMessage(expand(job)));
