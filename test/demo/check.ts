/** EDGE: checks the demo's JSON: is a consortium worth having, and did the killed agent's round complete? */
import { readFileSync } from "node:fs";
import { type DemoReport, meanMetrics } from "./report.ts";

const report = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as DemoReport;
const own = meanMetrics(report.members.map((member) => member.own));
const { consortium, pooled } = report;
const figures = (name: "rocAuc" | "prAuc"): string =>
  [consortium, own, pooled].map((metrics) => metrics?.[name].toFixed(4)).join(", ");
process.stdout.write(
  `of consortium, the mean of the banks' own, pooled: PR-AUC ${figures("prAuc")}\n`,
);
process.stdout.write(`took ${report.durationS} s\n`);
const checks: [string, boolean][] = [
  // Over the noise of runs it is 0.959 ± 0.005 against 0.80. PR-AUC, 0.55 ± 0.03 against 0.41, falls with a bank away.
  [
    `ROC-AUC of consortium, the mean of the banks' own, pooled: ${figures("rocAuc")}`,
    (consortium?.rocAuc ?? Number.NaN) > (own?.rocAuc ?? Number.NaN),
  ],
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
  const [ours = Number.NaN, theirs] = [consortium?.prAuc, own?.prAuc];
  checks.push(
    ["PR-AUC of the consortium above the banks' own", ours > (theirs ?? Number.NaN)],
    ["PR-AUC of the consortium within 10 % of pooled", ours >= 0.9 * (pooled?.prAuc ?? Number.NaN)],
  );
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
