/** EDGE: `npm run bench -- NAME --json FILE`: one benchmark, a table on the terminal, one format in the file. */
import { writeFileSync } from "node:fs";
import { engineBench } from "./engine.ts";
import { type BenchResult, machine, printTable } from "./format.ts";
import { kernelBench } from "./kernel.ts";
import { ledgerBench } from "./ledger.ts";
import { memoryBench } from "./memory.ts";
import { overlapBench } from "./overlap.ts";
import { privacyBench } from "./privacy.ts";
import { rounds100Bench, roundsBench } from "./rounds.ts";
import { scaleBench } from "./scale.ts";
import { secaggBench } from "./secagg.ts";
import { serveBench } from "./serve.ts";

const BENCHES: Record<string, () => Promise<BenchResult[]>> = {
  rounds: roundsBench,
  "rounds-100": rounds100Bench,
  secagg: secaggBench,
  scale: scaleBench,
  engine: engineBench,
  kernel: kernelBench,
  ledger: ledgerBench,
  memory: memoryBench,
  overlap: overlapBench,
  privacy: privacyBench,
  serve: serveBench,
};

const [name, ...rest] = process.argv.slice(2);
const bench = BENCHES[name ?? ""];
const jsonPath = rest[0] === "--json" ? rest[1] : undefined;
if (!bench || (rest.length > 0 && jsonPath === undefined)) {
  console.error(
    `usage: npm run bench -- NAME [--json FILE]; NAME is one of ${Object.keys(BENCHES).join(", ")}`,
  );
  process.exit(2);
}
const results = await bench();
printTable(results);
if (jsonPath !== undefined)
  writeFileSync(jsonPath, `${JSON.stringify({ machine: machine(), results }, null, 2)}\n`);
