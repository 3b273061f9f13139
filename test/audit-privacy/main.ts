/**
 * EDGE: `npm run audit:privacy`: the privacy audit, layer by layer; what each does is in docs/privacy-audit.md.
 * `--seed TEXT` makes other runs, `--runs N` more of them, `--json FILE` keeps the table, `--power N` measures how
 * often canaries alone catch each planted bug. Exit code 1 if anything fails.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { machine } from "../bench/format.ts";
import { inversionRows, noiseRows, oneRunRows, plantedRows, sensitivityRows } from "./layers.ts";
import { powerTable } from "./power.ts";
import { referredTests } from "./references.ts";
import { type AuditRow, hasFailed, tableText } from "./report.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "audit" },
    runs: { type: "string", default: "100" },
    power: { type: "string" },
    json: { type: "string" },
  },
});
const { seed } = values;
const beganMs = Date.now();

function say(progress: string): void {
  const seconds = Math.round((Date.now() - beganMs) / 1000);
  console.error(`${String(seconds).padStart(4)} s  ${progress}`);
}

async function referred(
  layer: string,
  what: string,
  patterns: readonly string[],
): Promise<AuditRow> {
  say(`tests of layer ${layer}`);
  const tests = await referredTests(patterns);
  if (!tests) return { layer, what, figure: "no such tests", bound: "", verdict: "absent" };
  const { passed, failed, skipped, files } = tests;
  const figure = `${passed} passed, ${failed} failed, ${skipped} skipped in ${files} files`;
  return { layer, what, figure, bound: "0 failed", verdict: failed === 0 ? "holds" : "FAILS" };
}

async function audit(runs: number): Promise<AuditRow[]> {
  const privacy = "test/shared/privacy";
  return [
    await referred("1 vectors", "accounting against reference values", [
      `${privacy}/{accounting,audit,check,selection}/*.test.ts`,
    ]),
    await referred("2 samplers", "exactness and statistics", [`${privacy}/noise/*.test.ts`]),
    ...sensitivityRows(seed),
    ...noiseRows(seed, say),
    ...oneRunRows(seed, runs, say),
    ...plantedRows(seed, say),
    ...inversionRows(seed, say),
    await referred("7 ledger", "under faults", ["test/agent/{ledger,gate}/*.test.ts"]),
    await referred("8 no leak", "every message's fields; all rules of the architecture", [
      "test/architecture.test.ts",
    ]),
  ];
}

if (values.power === undefined) {
  const rows = await audit(Number(values.runs));
  process.stdout.write(tableText(rows));
  say(hasFailed(rows) ? "the audit FAILS" : "the audit holds");
  if (values.json !== undefined) {
    const seconds = (Date.now() - beganMs) / 1000;
    const kept = { machine: machine(), seed, seconds, rows };
    writeFileSync(values.json, `${JSON.stringify(kept, null, 2)}\n`);
  }
  process.exitCode = hasFailed(rows) ? 1 : 0;
} else {
  for (const line of powerTable(Number(values.power), seed, say)) console.log(line);
}
