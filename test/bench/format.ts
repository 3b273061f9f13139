/** EDGE: how benches report: one form of result, the machine they ran on, a table to read. */
import { availableParallelism, cpus, totalmem } from "node:os";

export interface BenchResult {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What we aim for, null where nothing is promised. In `unit`. */
  readonly target: number | null;
  /** What must hold: the bench fails beyond it. In `unit`. A floor for rates, a ceiling for the rest. */
  readonly limit: number | null;
}

/** Rates and shares of a limit are better high; times, sizes and losses are better low. */
export function meets(result: BenchResult, bound: number | null): boolean {
  if (bound === null) return true;
  return result.unit.endsWith("/s") || result.unit.startsWith("%")
    ? result.value >= bound
    : result.value <= bound;
}

/** One line: processor, cores, memory, runtime. */
export function machine(): string {
  const model = cpus()[0]?.model.trim() ?? "unknown processor";
  const memoryGiB = Math.round(totalmem() / 2 ** 30);
  const runtime = `Node ${process.versions.node}, ${process.platform} ${process.arch}`;
  return `${model}, ${availableParallelism()} cores, ${memoryGiB} GiB, ${runtime}`;
}

/** Prints the machine and a table to standard output. */
export function printTable(results: readonly BenchResult[]): void {
  process.stdout.write(`${machine()}\n${tableText(results)}`);
}

/** The table as text, one line a result, columns aligned. Pure. */
export function tableText(results: readonly BenchResult[]): string {
  const header = ["bench", "value", "unit", "target", "limit", "verdict"];
  const lines = [header, ...results.map(cells)];
  const widths = header.map((_, column) =>
    Math.max(...lines.map((line) => (line[column] ?? "").length)),
  );
  const pad = (text: string, column: number): string =>
    column === 0 || column === 2 || column === 5
      ? text.padEnd(widths[column] ?? 0)
      : text.padStart(widths[column] ?? 0);
  return lines.map((line) => `${line.map(pad).join("  ").trimEnd()}\n`).join("");
}

function cells(result: BenchResult): string[] {
  const { name, value, unit, target, limit } = result;
  const kept = meets(result, target) ? "on target" : "below target";
  const verdict = meets(result, limit) ? kept : "FAILS";
  return [name, number(value), unit, number(target), number(limit), verdict];
}

function number(value: number | null): string {
  if (value === null) return "-";
  const digits = Math.abs(value) >= 100 ? 0 : 3;
  return value.toLocaleString("en-US", { maximumFractionDigits: digits });
}
