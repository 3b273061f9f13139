/** What a question answers with: tables, pictures and remarks, as data. How they look is written elsewhere. Pure. */

export interface Answer {
  readonly title: string;
  readonly tables: readonly Table[];
  readonly charts: readonly Chart[];
  readonly notes: readonly string[];
}

export interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
}

export interface Column {
  readonly name: string;
  readonly kind: "text" | "count" | "number" | "share" | "probability";
}

/** null: not defined, or held back. */
export type Cell = string | number | Estimate | null;

/** A value with its 95 % interval. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface Chart {
  readonly kind: "bars" | "lines" | "steps";
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly series: readonly Series[];
}

export interface Series {
  readonly name: string;
  readonly points: readonly Point[];
}

export interface Point {
  readonly x: number | string;
  readonly y: number;
  readonly low?: number;
  readonly high?: number;
}
