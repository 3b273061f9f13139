/**
 * EDGE: seed after seed, for ten minutes or as told: `npm run soak -- --seconds 60 --from 1000000`, `--seeds 500`,
 * `--seconds 0` until Ctrl-C. Prints failing seeds, and the first is a run to look at with `npm run simulate`.
 */
import { parseArgs } from "node:util";
import { faultySimulation, runSeed } from "./seeds.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "600" },
    seeds: { type: "string" },
    from: { type: "string", default: "1000000" },
  },
});
const first = Number(values.from);
const last = values.seeds === undefined ? Number.POSITIVE_INFINITY : first + Number(values.seeds);
const seconds = Number(values.seconds);
const untilMs = seconds === 0 ? Number.POSITIVE_INFINITY : Date.now() + 1000 * seconds;
const failed: number[] = [];
let seed = first;
let saidMs = Date.now();

function runOne(): void {
  let wrong: string[];
  try {
    wrong = runSeed(faultySimulation(seed));
  } catch (error) {
    wrong = [String(error)];
  }
  if (wrong.length === 0) return;
  failed.push(seed);
  console.error(`seed ${seed}: ${wrong.join("; ")}`);
}

for (; seed < last && Date.now() < untilMs; seed++) {
  runOne();
  if (Date.now() < saidMs + 10_000) continue;
  saidMs = Date.now();
  console.log(`${seed - first + 1} seeds, ${failed.length} failed`);
}
console.log(`${seed - first} seeds from ${first}, ${failed.length} failed`);
process.exitCode = failed.length === 0 ? 0 : 1;
