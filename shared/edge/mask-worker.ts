/**
 * EDGE: a lean thread that expands masks. It holds keys and the vectors they become, and nothing else: no records, no
 * connection. What it posts is a `MaskReply`.
 */
import { parentPort } from "node:worker_threads";
import { applyMasksInPlace, type Mask } from "../secagg/masks.ts";
import type { MaskJob, MaskReply } from "./mask-messages.ts";

function expand({ id, keys, signs, bits, target, firstElement }: MaskJob): MaskReply {
  try {
    const masks = Array.from(signs, (sign, i): Mask => {
      return { key: keys.subarray(32 * i, 32 * (i + 1)), sign: sign === 1 ? 1 : -1 };
    });
    applyMasksInPlace(target, masks, bits, firstElement);
    return { id, failure: null };
  } catch (error) {
    return { id, failure: error instanceof Error ? error.name : "unknown" };
  } finally {
    keys.fill(0);
  }
}

parentPort?.on("message", (job: MaskJob) => parentPort?.postMessage(expand(job)));
