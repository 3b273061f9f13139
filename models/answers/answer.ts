/** What a question comes to: tables, pictures and remarks, for people and programs. Pure types. */

export interface Answer {
  readonly title: string;
  readonly tables: readonly Table[];
  readonly charts: readonly Chart[];
  /** What the numbers mean and do not: noise, bounds, cells held back. */
  readonly notes: readonly string[];
}

export interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
  /** Shape [rows][columns]. */
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
  /** What the axes show. */
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
