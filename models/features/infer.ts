/**
 * Proposes a feature schema from one table that the caller may see: demo data, or a member's own
 * file. Pure. This is no federated computation and has no privacy guarantee: bounds and categories
 * come from the rows. Whoever puts the proposal into a charter shows it to all members; read it
 * first.
 */
import { counted } from "../../shared/base/counted.ts";
import { badInput } from "../../shared/base/errors.ts";
import { type DataSchema, DataSchema as Schema } from "../../shared/charter/schema.ts";
import { type ColumnProposal, proposeColumn } from "./infer-column.ts";
import { type LabelTexts, labelTexts } from "./infer-label.ts";
import { type TableProfile, tableProfiler } from "./profile.ts";
import { columnIndices } from "./row-encoder.ts";

export interface InferOptions {
  /** What errors call the table: its file name. */
  readonly table: string;
  readonly label: string;
  /** The label's text that means "positive"; null: find out. */
  readonly positive: string | null;
  /** The column that says whose row it is; null: each row stands for itself. */
  readonly unit: string | null;
  /** Columns to leave out: leaks of the label, names of organisations, split columns. */
  readonly drop: readonly string[];
  /** Columns to take as categories, or as numbers, whatever they look like. */
  readonly categorical: readonly string[];
  readonly numeric: readonly string[];
}

/** What became of one column of the table. */
export interface ColumnNote {
  readonly column: string;
  readonly use: "label" | "unit" | "number" | "category" | "skipped";
  /** `0 … 5000, log`, `12 categories, one-hot`; empty where the column is no input. */
  readonly encoding: string;
  /** Why. */
  readonly note: string;
}

export interface Inference {
  readonly schema: DataSchema;
  /** In the table's order. */
  readonly columns: readonly ColumnNote[];
  readonly rowCount: number;
  readonly positiveCount: number;
}

/** Takes a table's rows in any order; `finish` is called once, last. */
export interface SchemaInference {
  add(cells: readonly string[]): void;
  /**
   * @throws {CloisterError} `data.no-rows`, `data.no-features`, `data.cell-not-a-number` (texts in
   *   a column that should be numeric) and what `labelTexts` throws.
   */
  finish(): Inference;
}

/**
 * Begins to look at a table.
 *
 * @throws {CloisterError} `data.missing-columns`, naming every column of the options that is not
 *   there; `data.column-used-twice` where the options contradict each other.
 */
export function schemaInference(header: readonly string[], options: InferOptions): SchemaInference {
  checkOptions(header, options);
  const profiler = tableProfiler(header, header.indexOf(options.label));
  return {
    add: (cells) => profiler.add(cells),
    finish: () => propose(profiler.finish(), options),
  };
}

/** The proposal as aligned lines of text, one a column, to be shown to a person. */
export function inferenceLines({ columns, rowCount, positiveCount }: Inference): string[] {
  const rows = [["column", "use", "encoding", "note"]];
  for (const { column, use, encoding, note } of columns) rows.push([column, use, encoding, note]);
  const widths = [0, 1, 2].map((i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((text, i) => text.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return [...lines, `${counted(rowCount, "row")}, ${positiveCount} of them positive`];
}

function checkOptions(header: readonly string[], options: InferOptions): void {
  const { table, label, unit, drop, categorical, numeric } = options;
  const named = [label, ...(unit === null ? [] : [unit]), ...drop, ...categorical, ...numeric];
  columnIndices([...new Set(named)], header, table);
  const twice = [...new Set(named.filter((name, i) => named.indexOf(name) !== i))];
  if (twice.length === 0) return;
  const list = twice.map((name) => JSON.stringify(name)).join(", ");
  const reason = "label, unit, dropped, categorical and numeric columns must not overlap";
  throw badInput("data.column-used-twice", `${table}: ${list}: ${reason}`);
}

function propose(profile: TableProfile, options: InferOptions): Inference {
  const { table, unit } = options;
  const { columns, rowCount } = profile;
  const labelColumn = columns.find(({ name }) => name === options.label);
  if (rowCount === 0 || labelColumn === undefined) {
    throw badInput("data.no-rows", `${table}: no rows below the line of column names`);
  }
  refuseTexts(profile, options);
  const { label, positiveCount } = labelTexts(labelColumn, table, options.positive);
  const decided = columns.map((column) => {
    const wanted = options.numeric.includes(column.name)
      ? "number"
      : options.categorical.includes(column.name)
        ? "category"
        : null;
    const use = fixedUse(column.name, label, options);
    return use ?? describe(column.name, proposeColumn(column, wanted));
  });
  const features = decided.flatMap(({ feature }) => (feature === null ? [] : [feature]));
  if (features.length === 0) {
    throw badInput("data.no-features", `${table}: no column is fit to be an input`);
  }
  const schema = Schema.parse({ label, unit: unit === null ? null : { column: unit }, features });
  return { schema, columns: decided.map(({ line }) => line), rowCount, positiveCount };
}

/** A column that should be numeric but holds texts: all such columns at once. */
function refuseTexts({ columns }: TableProfile, { table, numeric }: InferOptions): void {
  const faulty = columns.filter(
    ({ name, textCount, numberCount }) =>
      numeric.includes(name) && (textCount > 0 || numberCount === 0),
  );
  if (faulty.length === 0) return;
  const list = faulty.map(
    ({ name, textCount }) => `${JSON.stringify(name)} (${counted(textCount, "cell")})`,
  );
  const remedy = "mend those cells or take the column as categorical";
  throw badInput("data.cell-not-a-number", `${table}: not numeric: ${list.join(", ")}; ${remedy}`);
}

interface Decision {
  readonly feature: ColumnProposal["feature"];
  readonly line: ColumnNote;
}

/** Columns whose use the options settle; null: look at the column. */
function fixedUse(column: string, label: LabelTexts, options: InferOptions): Decision | null {
  const line = (use: ColumnNote["use"], note: string): Decision => {
    return { feature: null, line: { column, use, encoding: "", note } };
  };
  if (column === label.column) {
    const texts = `${JSON.stringify(label.positive)} is positive`;
    return line("label", `${texts}, ${JSON.stringify(label.negative)} negative`);
  }
  if (column === options.unit) return line("unit", "all rows with one value belong together");
  return options.drop.includes(column) ? line("skipped", "left out as asked") : null;
}

function describe(column: string, { feature, note }: ColumnProposal): Decision {
  if (feature === null) return { feature, line: { column, use: "skipped", encoding: "", note } };
  if (feature.type === "category") {
    const encoding = `${feature.categories.length} categories, one-hot`;
    return { feature, line: { column, use: "category", encoding, note } };
  }
  const log = feature.transform === "log" ? ", log" : "";
  const missing = feature.missing === "indicator" ? ", missing allowed" : "";
  const encoding = `${feature.min} … ${feature.max}${log}${missing}`;
  return { feature, line: { column, use: "number", encoding, note } };
}
