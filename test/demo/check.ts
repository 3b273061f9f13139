/** EDGE: checks the demo's JSON: is a consortium worth having, and did the killed agent's round complete? */
import { readFileSync } from "node:fs";
import { type DemoReport, meanMetrics } from "./report.ts";

const report = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as DemoReport;
const own = meanMetrics(report.members.map((member) => member.own))?.prAuc ?? Number.NaN;
const consortium = report.consortium?.prAuc ?? Number.NaN;
const pooled = report.pooled?.prAuc ?? Number.NaN;
const checks: [string, boolean][] = [
  [
    `consortium PR-AUC ${consortium.toFixed(4)} above the mean of the banks' own ${own.toFixed(4)}`,
    consortium > own,
  ],
  [`took ${report.durationS} s, at most 120`, report.durationS <= 120],
  [
    `the killed agent's round completed with ${report.killed?.survivors} survivors`,
    (report.killed?.survivors ?? 0) >= 4,
  ],
  ["the killed agent came back", report.killed?.cameBack === true],
  [
    `${report.approved.by.length} members signed the manifest, ${report.approved.required} had to`,
    report.approved.by.length >= report.approved.required,
  ],
  [
    `two questions were answered: ${report.questions.map(({ lines }) => lines[0]).join("; ")}`,
    report.questions.length === 2 && report.questions.every(({ lines }) => lines.length > 3),
  ],
  ["the regulator's pack is whole, and a changed byte in it is found", packHolds(report)],
];
if (report.privacy.epsilon === null) {
  checks.push([
    `consortium within 10 % of pooled ${pooled.toFixed(4)}`,
    consortium >= 0.9 * pooled,
  ]);
} else {
  checks.push([
    `epsilon spent ${report.privacy.epsilon.toFixed(3)} within the budget of 3`,
    report.privacy.epsilon <= 3,
  ]);
}
function packHolds({ pack }: DemoReport): boolean {
  return pack.isWhole && pack.findsChange;
}

for (const [what, holds] of checks) process.stdout.write(`${holds ? "ok  " : "FAIL"} ${what}\n`);
const failed = checks.filter(([, holds]) => !holds).length;
process.stdout.write(`${checks.length - failed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
