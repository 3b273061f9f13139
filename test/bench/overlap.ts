/** EDGE: `npm run bench -- overlap`: how many customers members share, from sketches and exactly. */
import type { BenchResult } from "./format.ts";
import { matchingBench } from "./matching.ts";
import { sketchBench } from "./overlap-sketch.ts";

export async function overlapBench(): Promise<BenchResult[]> {
  return [...sketchBench(), ...(await matchingBench())];
}
