/** EDGE: overlap of customer bases: exact matching. */
import type { BenchResult } from "./format.ts";
import { matchingBench } from "./matching.ts";

export async function overlapBench(): Promise<BenchResult[]> {
  return await matchingBench();
}
