/**
 * Everything about a table that does not fit a room's schema, or fits and looks odd: not the first fault only, as the
 * encoder has it, but all, by column and kind. Pure. It reads cells by the same functions as the encoder.
 */
import type { DataSchema } from "../../shared/charter/schema.ts";
import { detachText, parseNumber, trimCell } from "./cell.ts";
import { categoryColumn, columnsOf, labelColumn, numberColumn } from "./columns.ts";
import { timeOf } from "./label-delay.ts";

/** Cells of one column that are at fault in one way. */
export interface CellFaults {
  readonly column: string;
  readonly code:
    | "data.bad-label"
    | "data.empty-unit"
    | "data.bad-time"
    | "data.cell-not-a-number"
    | "data.cell-missing";
  count: number;
  /** Where the first of them are in the file. */
  readonly lines: number[];
}

/** How the cells of one column lie in what the schema declares. Counts of rows. */
export interface ColumnUse {
  readonly column: string;
  readonly type: "number" | "category" | "identifier";
  missing: number;
  /** Numbers that are clamped to the declared bounds. */
  below: number;
  above: number;
  /** Texts that are no declared category. */
  undeclared: number;
  /** The most frequent of these, with how often they are there. Values of records: for who may see the table. */
  readonly texts: readonly (readonly [text: string, count: number])[];
}

export interface TableCheck {
  readonly rowCount: number;
  readonly positiveCount: number;
  /** Null: each row is a unit. */
  readonly unitCount: number | null;
  /** Columns of the schema that are not there, each with the position (from 1) of one spelled almost so. */
  readonly missing: readonly { readonly column: string; readonly like: number | null }[];
  readonly faults: readonly CellFaults[];
  readonly columns: readonly ColumnUse[];
}

/** Takes a table's rows in any order; `finish` is called once, last. */
export interface TableChecker {
  /** @param line Where the row starts in the file. */
  add(cells: readonly string[], line: number): void;
  finish(): TableCheck;
}

const LINES_KEPT = 3;
const TEXTS_KEPT = 5;
/** Different texts that are counted for a column; a column with more of them is no category. */
const TEXTS_MAX = 10_000;

type Look = (cells: readonly string[], line: number) => void;

/** @throws {CloisterError} `data.bad-bounds`. */
export function tableChecker(schema: DataSchema, header: readonly string[]): TableChecker {
  columnsOf(schema);
  const faults: CellFaults[] = [];
  const missing: TableCheck["missing"][number][] = [];
  const counts = { rows: 0, positive: 0 };
  const units = new Set<string>();
  const fault = faultCounter(faults);
  const { label, unit, features, others = [], identifiers = [] } = schema;
  const place = (column: string): number => {
    const index = header.indexOf(column);
    if (index < 0) missing.push({ column, like: positionLike(column, header) });
    return index;
  };
  const looks: Look[] = [];
  const labelAt = label.missing === "allow" ? header.indexOf(label.column) : place(label.column);
  if (labelAt >= 0) looks.push(labelLook(label, labelAt, fault, () => (counts.positive += 1)));
  if (unit) {
    const at = place(unit.column);
    const bad = fault(unit.column, "data.empty-unit");
    if (at >= 0) looks.push((cells, line) => unitLook(trimCell(cells[at] ?? ""), line, units, bad));
  }
  if (label.delay) {
    const { column, format } = label.delay;
    const at = place(column);
    const bad = fault(column, "data.bad-time");
    if (at >= 0)
      looks.push((cells, line) => {
        if (timeOf(trimCell(cells[at] ?? ""), format) === null) bad(line);
      });
  }
  const uses: ColumnCounts[] = [];
  for (const feature of [...features, ...others]) {
    const at = place(feature.name);
    if (at < 0) continue;
    const use = emptyUse(feature.name, feature.type);
    uses.push(use);
    looks.push(
      feature.type === "number"
        ? numberLook(numberColumn(feature), at, use, fault)
        : categoryLook(categoryColumn(feature).codeOf, at, use),
    );
  }
  for (const { name } of identifiers) {
    const at = place(name);
    if (at < 0) continue;
    const use = emptyUse(name, "identifier");
    uses.push(use);
    looks.push((cells) => {
      if (trimCell(cells[at] ?? "") === "") use.missing += 1;
    });
  }
  return {
    add(cells, line) {
      counts.rows += 1;
      for (const look of looks) look(cells, line);
    },
    finish: () => ({
      rowCount: counts.rows,
      positiveCount: counts.positive,
      unitCount: unit && units.size,
      missing,
      faults: faults.filter(({ count }) => count > 0),
      columns: uses.map(({ textCounts, ...use }) => ({ ...use, texts: mostFrequent(textCounts) })),
    }),
  };
}

type ColumnCounts = Omit<ColumnUse, "texts"> & { readonly textCounts: Map<string, number> };

const emptyUse = (column: string, type: ColumnUse["type"]): ColumnCounts => ({
  column,
  type,
  missing: 0,
  below: 0,
  above: 0,
  undeclared: 0,
  textCounts: new Map(),
});

type Fault = (column: string, code: CellFaults["code"]) => (line: number) => void;

function faultCounter(faults: CellFaults[]): Fault {
  return (column, code) => {
    const one: CellFaults = { column, code, count: 0, lines: [] };
    faults.push(one);
    return (line) => {
      one.count += 1;
      if (one.lines.length < LINES_KEPT) one.lines.push(line);
    };
  };
}

function labelLook(
  label: DataSchema["label"],
  at: number,
  fault: Fault,
  onPositive: () => void,
): Look {
  const bad = fault(label.column, "data.bad-label");
  const { markOf } = labelColumn(label);
  return (cells, line) => {
    const mark = markOf(cells[at] ?? "");
    if (mark === 1) onPositive();
    if (mark === null) bad(line);
  };
}

function unitLook(id: string, line: number, units: Set<string>, bad: (line: number) => void): void {
  if (id === "") bad(line);
  else if (!units.has(id)) units.add(detachText(id));
}

function numberLook(
  { name, min, max, mayBeMissing }: ReturnType<typeof numberColumn>,
  at: number,
  use: ColumnCounts,
  fault: Fault,
): Look {
  const notNumber = fault(name, "data.cell-not-a-number");
  const empty = fault(name, "data.cell-missing");
  return (cells, line) => {
    const value = parseNumber(trimCell(cells[at] ?? ""));
    if (value === null) return notNumber(line);
    if (Number.isNaN(value)) {
      use.missing += 1;
      if (!mayBeMissing) empty(line);
    } else if (value < min) use.below += 1;
    else if (value > max) use.above += 1;
  };
}

function categoryLook(codeOf: ReadonlyMap<string, number>, at: number, use: ColumnCounts): Look {
  const { textCounts } = use;
  return (cells) => {
    const text = trimCell(cells[at] ?? "");
    if (codeOf.has(text)) return;
    if (text === "") {
      use.missing += 1;
      return;
    }
    use.undeclared += 1;
    const before = textCounts.get(text);
    if (before !== undefined) textCounts.set(text, before + 1);
    else if (textCounts.size < TEXTS_MAX) textCounts.set(detachText(text), 1);
  };
}

function mostFrequent(counts: ReadonlyMap<string, number>): [string, number][] {
  return [...counts].sort(([, a], [, b]) => b - a).slice(0, TEXTS_KEPT);
}

/** Letters and digits only, in lower case: "Card No." is like "card_no". */
const bare = (name: string): string => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");

function positionLike(column: string, header: readonly string[]): number | null {
  const at = header.findIndex((name) => bare(name) === bare(column));
  return at < 0 ? null : at + 1;
}
