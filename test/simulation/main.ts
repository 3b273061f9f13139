/** EDGE: one simulated run, line by line: `npm run simulate -- --seed 42`. */
import { parseArgs } from "node:util";
import { faultySimulation, runSeed } from "./seeds.ts";

const { values } = parseArgs({ options: { seed: { type: "string", default: "0" } } });
const faulty = faultySimulation(Number(values.seed), console.log);
const { swarm, simulation } = faulty;
const frames = [...swarm.frames].map(([fault, rate]) => `${fault} ${rate}`).join(", ");
const { roster } = simulation.run.manifest;
console.log(`seed ${values.seed}: ${roster.length} members; frames: ${frames || "in order"}`);
const wrong = runSeed(faulty);
for (const line of wrong) console.error(`wrong: ${line}`);
console.log(wrong.length === 0 ? "nothing is wrong" : `seed ${values.seed} fails`);
process.exitCode = wrong.length === 0 ? 0 : 1;
