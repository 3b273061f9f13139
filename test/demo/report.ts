/** The demo's last words: the table, and the JSON. Pure. */
import type { Metrics } from "../../models/tasks/task.ts";
import type { PackReport } from "./pack.ts";
import type { QuestionReport } from "./question.ts";

export interface DemoReport {
  readonly durationS: number;
  readonly rounds: readonly {
    round: number;
    kind: string;
    cohort: number;
    survivors: number;
    ms: number;
    loss: number | null;
  }[];
  readonly members: readonly { id: string; rows: number; own: Metrics | null }[];
  readonly consortium: Metrics | null;
  /** The same model as the agents measured it, through secure histograms. */
  readonly consortiumSecure: Metrics | null;
  readonly pooled: Metrics | null;
  readonly privacy: {
    unit: string;
    epsilon: number | null;
    delta: number | null;
    statement: string;
  };
  readonly killed: { id: string; round: number; survivors: number; cameBack: boolean } | null;
  /** Whose signatures let the run begin, and how many had to sign. */
  readonly approved: { readonly by: readonly string[]; readonly required: number };
  readonly questions: readonly QuestionReport[];
  readonly pack: PackReport;
  readonly bytesPerAgent: number;
  readonly modelPath: string;
}

const figure = (value: number | undefined): string =>
  value === undefined ? "     –" : value.toFixed(4).padStart(6);

export function reportTable(report: DemoReport): string {
  const width = Math.max(34, ...report.members.map(({ id }) => id.length + 12));
  const row = (name: string, metrics: Metrics | null): string =>
    [
      name.padEnd(width),
      figure(metrics?.rocAuc).padStart(9),
      figure(metrics?.prAuc).padStart(9),
      figure(metrics?.recallAt1pctFpr).padStart(13),
      figure(metrics?.recallAt5pctFpr).padStart(13),
    ].join("");
  const header = `${"model".padEnd(width)}${"ROC-AUC".padStart(9)}${"PR-AUC".padStart(9)}${"recall@1%FPR".padStart(13)}${"recall@5%FPR".padStart(13)}`;
  const line = "─".repeat(header.length);
  return [
    header,
    line,
    ...report.members.map(({ id, own }) => row(`${id} alone`, own)),
    row("mean of their own models", meanMetrics(report.members.map(({ own }) => own))),
    line,
    row("consortium model", report.consortium),
    row("  as measured by secure histograms", report.consortiumSecure),
    row("pooled (only a demo can)", report.pooled),
  ].join("\n");
}

export function meanMetrics(all: readonly (Metrics | null)[]): Metrics | null {
  const known = all.filter((metrics) => metrics !== null);
  if (known.length === 0) return null;
  const mean = (key: Exclude<keyof Metrics, "counts">): number =>
    known.reduce((sum, metrics) => sum + metrics[key], 0) / known.length;
  return {
    rocAuc: mean("rocAuc"),
    prAuc: mean("prAuc"),
    recallAt1pctFpr: mean("recallAt1pctFpr"),
    recallAt5pctFpr: mean("recallAt5pctFpr"),
  };
}
