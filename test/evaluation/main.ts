/**
 * EDGE: `npm run evaluation [-- REPETITIONS]`: noised evaluations of three tables at ε = 1, over and over: how far the
 * ROC-AUC is off, and how often each figure's interval holds. Exits with 1 where one is out of bounds.
 */
import { coverageOf, rocAucErrors, TABLES } from "../support/noised-evaluations.ts";

const BINS = 64;
const ERROR_MAX = 0.01;
const repetitions = Number(process.argv[2] ?? 1000);
/** What chance explains: three standard errors of a share near 95 %. */
const slack = 3 * Math.sqrt((0.95 * 0.05) / repetitions);
let faults = 0;
for (const table of TABLES) {
  const errors = rocAucErrors(table, { bins: BINS, repetitions }).toSorted((a, b) => a - b);
  const p95 = errors[Math.ceil(0.95 * repetitions) - 1] ?? Number.NaN;
  console.log(`${table.name}: ROC-AUC off by ${p95.toFixed(4)} at most in 95 of 100`);
  if (!(p95 <= ERROR_MAX)) faults += 1;
  for (const [name, share] of coverageOf(table, { bins: BINS, repetitions })) {
    const isOff = share < 0.93 - slack || share > 0.97 + slack;
    if (isOff) faults += 1;
    console.log(
      `  ${name.padEnd(28)} ${(100 * share).toFixed(1)} %${isOff ? "  out of bounds" : ""}`,
    );
  }
}
process.exitCode = faults > 0 ? 1 : 0;
