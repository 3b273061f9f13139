/**
 * EDGE: the rows of a file, CSV or JSON lines, encoded and handed on in batches, whatever the file's size.
 * A row that does not fit ends the reading, or is told and left out.
 */
import type { EncodedData } from "../../models/data.ts";
import { type FieldFault, recordEncoder } from "../../models/features/record-encoder.ts";
import { type RowEncoder, type RowTarget, rowEncoder } from "../../models/features/row-encoder.ts";
import { badInput, CloisterError } from "../../shared/base/errors.ts";
import type { DataSchema } from "../../shared/charter/schema.ts";
import { readCsv } from "../data/csv.ts";
import { readJsonLines } from "../data/json-lines.ts";
import type { TableFormat } from "./formats.ts";

const BATCH_ROWS = 1024;

export interface ScoredRows {
  readonly data: EncodedData;
  /** The file's row numbers, from 1. Shape [rowCount]. */
  readonly rowNumbers: Float64Array;
}

export interface RowsHandler {
  /** Called with at least one row. What it is given is overwritten afterwards. */
  onRows(rows: ScoredRows): void;
  /** Null: a row that does not fit ends the reading. */
  readonly onBadRow: ((error: CloisterError) => void) | null;
  /** Awaited between blocks of the file. */
  afterBlock(): Promise<void>;
}

export interface TableFile {
  readonly path: string;
  readonly format: TableFormat;
}

/** @throws {CloisterError} What the readers and encoders throw. */
export async function readRows(
  { path, format }: TableFile,
  schema: DataSchema,
  handler: RowsHandler,
): Promise<void> {
  const batch = newBatch(schema, handler);
  const onBadRow = handler.onBadRow ?? undefined;
  const afterBlock = (): Promise<void> => handler.afterBlock();
  if (format === "csv") {
    let encoder: RowEncoder | null = null;
    const place = { table: path, row: 0, line: 0 };
    await readCsv(path, {
      onHeader: (header) => {
        encoder = rowEncoder(schema, header, path);
      },
      onRow: (cells, row, line) => {
        place.row = row;
        place.line = line;
        batch.add(row, (into) => encoder?.encode(cells, place, into));
      },
      onBadRow,
      afterBlock,
    });
  } else {
    const encoder = recordEncoder(schema);
    await readJsonLines(path, {
      onRow: (record, row, line) =>
        batch.add(row, (into) => {
          const faults = encoder.encode(record, into);
          if (faults.length > 0) throw rowFault(`${path}: row ${row} (line ${line})`, faults);
        }),
      onBadRow,
      afterBlock,
    });
  }
  batch.flush();
  await handler.afterBlock();
}

function rowFault(place: string, faults: readonly FieldFault[]): CloisterError {
  const told = faults.map(({ field, reason }) =>
    field === "" ? reason : `field ${JSON.stringify(field)}: ${reason}`,
  );
  return badInput(`data.${faults[0]?.code ?? "row"}`, `${place}, ${told.join("; ")}`);
}

interface Batch {
  /** @param encode Writes the row, or throws what is wrong with it. */
  add(row: number, encode: (into: RowTarget) => void): void;
  flush(): void;
}

function newBatch({ features }: DataSchema, { onRows, onBadRow }: RowsHandler): Batch {
  const numberCount = features.filter(({ type }) => type === "number").length;
  const categoryCount = features.length - numberCount;
  const numbers = new Float32Array(BATCH_ROWS * numberCount);
  const codes = new Uint16Array(BATCH_ROWS * categoryCount);
  const rowNumbers = new Float64Array(BATCH_ROWS);
  const into = { numbers, numbersAt: 0, codes, codesAt: 0 };
  let rowCount = 0;
  const flush = (): void => {
    if (rowCount === 0) return;
    const data = {
      rowCount,
      numbers: numbers.subarray(0, rowCount * numberCount),
      codes: codes.subarray(0, rowCount * categoryCount),
      labels: new Uint8Array(rowCount),
      unitStarts: new Uint32Array(),
    };
    onRows({ data, rowNumbers: rowNumbers.subarray(0, rowCount) });
    rowCount = 0;
  };
  return {
    flush,
    add(row, encode) {
      into.numbersAt = rowCount * numberCount;
      into.codesAt = rowCount * categoryCount;
      try {
        encode(into);
      } catch (error) {
        if (!onBadRow || !(error instanceof CloisterError)) throw error;
        return onBadRow(error);
      }
      rowNumbers[rowCount] = row;
      rowCount += 1;
      if (rowCount === BATCH_ROWS) flush();
    },
  };
}
