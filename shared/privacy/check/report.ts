/** A check's report for people, line by line, and for programs. Pure. */
import type { CheckReport, Failure, KindReport } from "./check.ts";
import type { Comparison } from "./tolerance.ts";

/** One line a kind, then what failed and what was not run. */
export function reportLines(report: CheckReport): string[] {
  const rows = report.kinds.map(kindRow);
  const widths = [0, 1].map((i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return [
    ...rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ")),
    ...report.failures.flatMap(failureLines),
    ...report.kindsNotRun.map(({ kind, vectors }) => `not run: ${kind} (${vectors})`),
    `${report.passed} passed, ${report.failed} failed, ${report.notRun} not run`,
  ];
}

function kindRow(kind: KindReport): string[] {
  const { worst, targets, notCompared } = kind;
  const verdict = kind.passed === kind.vectors ? "ok" : "FAILS";
  const about = [
    worst === null ? "" : `worst ${worst.name} of ${worst.id}: ${offBy(worst)}`,
    targets === null ? "" : `; ${targets.met} of ${targets.of} meet their goal`,
    notCompared.length === 0 ? "" : `; not compared: ${notCompared.join(", ")}`,
  ];
  return [kind.kind, `${kind.passed}/${kind.vectors}`, verdict.padEnd(5), about.join("")];
}

function failureLines({ id, comparisons, reason }: Failure): string[] {
  if (reason !== null) return [`FAILS ${id}: ${reason}`];
  return comparisons.map(
    (off) => `FAILS ${id} ${off.name}: expected ${demand(off)}, got ${off.got}; ${offBy(off)}`,
  );
}

function demand({ measure, expected }: Comparison): string {
  return measure === "at least" || measure === "at most" ? `${measure} ${expected}` : `${expected}`;
}

function offBy({ measure, error, allowed }: Comparison): string {
  if (measure === "at least" || measure === "at most")
    return error === 0 ? "within its bound" : `${short(error)} beyond it`;
  return `${measure} error ${short(error)}, allowed ${short(allowed)}`;
}

function short(value: number): string {
  return value === 0 ? "0" : value.toExponential(1);
}

/** The report as JSON can say it: numbers that JSON lacks become texts, as in vector files. */
export function reportJson(report: CheckReport): unknown {
  return JSON.parse(JSON.stringify(report, (_, value: unknown) => sayable(value)));
}

function sayable(value: unknown): unknown {
  if (typeof value !== "number" || Number.isFinite(value)) return value;
  if (Number.isNaN(value)) return "nan";
  return value > 0 ? "inf" : "-inf";
}
