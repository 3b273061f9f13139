/** EDGE: `npm run bench -- overlap`: how many customers members share, from sketches. */
import type { BenchResult } from "./format.ts";
import { sketchBench } from "./overlap-sketch.ts";

export async function overlapBench(): Promise<BenchResult[]> {
  return [...sketchBench()];
}
