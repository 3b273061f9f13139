/**
 * EDGE: `cloister data check`: everything about a table that does not fit a charter, before anybody enrols with it. It asks
 * nobody and writes nothing. What it prints of records are counts and places; texts of cells only if asked to.
 */
import type { Command } from "commander";
import {
  type CellFaults,
  type ColumnUse,
  type TableCheck,
  type TableChecker,
  tableChecker,
} from "../../models/features/table-check.ts";
import { counted } from "../../shared/base/counted.ts";
import { badInput, type CloisterError } from "../../shared/base/errors.ts";
import { Charter } from "../../shared/charter/charter.ts";
import { readYaml } from "../../shared/edge/files.ts";
import { print, printJson } from "../../shared/edge/terminal.ts";
import { readCsv } from "./csv.ts";

interface CheckOptions {
  readonly charter: string;
  readonly texts?: boolean;
  readonly json?: boolean;
}

/** A row with too many or too few cells is told so often; how many there were is told anyhow. */
const RAGGED_TOLD = 3;
/** Of a column's rows: more that are clamped, or no declared category, and somebody should look. */
const ODD_SHARE = 0.05;

export function dataCheckCommand(data: Command): void {
  data
    .command("check")
    .description(
      "hold a table against a charter: all faults at once, by column; exit code 3 if there are any",
    )
    .argument("<file>", "the member's records, .csv or .csv.gz")
    .requiredOption("--charter <file>", "the room's charter, in YAML")
    .option("--texts", "also show the commonest texts that are no declared category")
    .option("--json", "print JSON, for programs")
    .addHelpText("after", "\nExample:\n  $ cloister data check november.csv --charter charter.yaml")
    .action(check);
}

async function check(
  path: string,
  { charter: charterPath, texts, json }: CheckOptions,
): Promise<void> {
  const charter = readYaml(charterPath, Charter);
  const { found, ragged, raggedCount } = await readTable(path, charter);
  const columns = texts ? found.columns : found.columns.map((use) => ({ ...use, texts: [] }));
  const faults = [...missingLines(found), ...ragged, ...found.faults.map(faultLine)];
  if (raggedCount > ragged.length)
    faults.push(`${counted(raggedCount, "row")} in all with too many or too few cells`);
  faults.push(...countFaults(found, charter));
  if (json) printJson({ ...found, columns, raggedCount, fits: faults.length === 0 });
  else {
    print(summary(found));
    for (const line of columns.flatMap((use) => useLines(use, found.rowCount))) print(`  ${line}`);
    for (const line of faults) print(`FAULT ${line}`);
  }
  if (faults.length > 0)
    throw badInput(
      "data.does-not-fit",
      `${path}: does not fit the charter: ${counted(faults.length, "fault")}`,
    );
  if (!json) print("The table fits.");
}

interface ReadTable {
  readonly found: TableCheck;
  readonly ragged: readonly string[];
  readonly raggedCount: number;
}

async function readTable(path: string, charter: Charter): Promise<ReadTable> {
  const state: { checker: TableChecker | null } = { checker: null };
  const ragged: string[] = [];
  let raggedCount = 0;
  const onBadRow = ({ message }: CloisterError): void => {
    raggedCount += 1;
    if (ragged.length < RAGGED_TOLD) ragged.push(message.slice(path.length + 2));
  };
  await readCsv(path, {
    onHeader: (header) => {
      state.checker = tableChecker(charter.schema, header);
    },
    onRow: (cells, _row, line) => state.checker?.add(cells, line),
    onBadRow,
  });
  if (!state.checker) throw badInput("data.empty-file", `${path}: the file is empty`);
  return { found: state.checker.finish(), ragged, raggedCount };
}

function summary({ rowCount, unitCount, positiveCount }: TableCheck): string {
  const units = unitCount === null ? "" : `, ${counted(unitCount, "privacy unit")}`;
  return `${counted(rowCount, "row")}${units}, ${positiveCount} with the positive label`;
}

function missingLines({ missing, columns }: TableCheck): string[] {
  const noNames =
    "none of the charter's columns is in the file's first line, which must hold their names";
  if (columns.length === 0 && missing.every(({ like }) => like === null)) return [noNames];
  return missing.map(({ column, like }) => {
    const near =
      like === null
        ? ""
        : `; column ${like} is spelled almost so: names must be the same, letter by letter`;
    return `column ${JSON.stringify(column)} is not there${near}`;
  });
}

const REMEDIES: Readonly<Record<CellFaults["code"], string>> = {
  "data.bad-label": "neither of the label's two texts in the charter",
  "data.empty-unit": "empty; every row must say whose it is",
  "data.bad-time": "not a time as the charter's label.delay wants it",
  "data.cell-not-a-number":
    "not a number; plain decimals with a point, without separators or units",
  "data.cell-missing": 'empty; fill it, or let the charter say missing: "indicator"',
};

function faultLine({ column, code, count, lines }: CellFaults): string {
  const more = count > lines.length ? ", …" : "";
  const where = `${lines.length === 1 ? "line" : "lines"} ${lines.join(", ")}${more}`;
  return `column ${JSON.stringify(column)}: ${counted(count, "cell")} (${where}): ${REMEDIES[code]}`;
}

/** Bounds of the charter on whole tables. */
function countFaults({ rowCount, positiveCount, missing }: TableCheck, charter: Charter): string[] {
  const { minimums, rowsMax, schema } = charter;
  const { label } = schema;
  const isLabelled = missing.every(({ column }) => column !== label.column);
  const faults: string[] = [];
  if (rowCount < minimums.rows)
    faults.push(`${counted(rowCount, "row")}; the charter asks for at least ${minimums.rows}`);
  if (rowCount > rowsMax) faults.push(`${rowCount} rows; the charter allows ${rowsMax}`);
  if (
    rowCount > 0 &&
    isLabelled &&
    label.missing !== "allow" &&
    [0, rowCount].includes(positiveCount)
  )
    faults.push(
      `all labels are ${positiveCount === 0 ? "negative, or none" : "positive"}; training needs both classes`,
    );
  return faults;
}

/** Nothing of a column that lies as declared. */
function useLines(use: ColumnUse, rowCount: number): string[] {
  const { column, missing, below, above, undeclared, texts } = use;
  const parts: string[] = [];
  if (missing > 0) parts.push(`${percent(missing, rowCount)} empty`);
  if (below > 0) parts.push(`${percent(below, rowCount)} below the declared minimum`);
  if (above > 0) parts.push(`${percent(above, rowCount)} above the declared maximum`);
  if (undeclared > 0) parts.push(`${percent(undeclared, rowCount)} no declared category`);
  if (parts.length === 0) return [];
  const isOdd = below + above + undeclared > ODD_SHARE * rowCount;
  const look = isOdd ? " (look: another unit, or another spelling?)" : "";
  const line = `${JSON.stringify(column)}: ${parts.join(", ")}${look}`;
  return [line, ...texts.map(([text, count]) => `  ${JSON.stringify(text)} ${count}`)];
}

function percent(part: number, whole: number): string {
  const share = (100 * part) / whole;
  return share < 0.1 ? "less than 0.1 %" : `${share.toFixed(1)} %`;
}
