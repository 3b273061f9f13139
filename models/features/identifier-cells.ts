/** The cells of a table's identifier columns, as they are: what customers may be matched by. Pure. */
import type { Identifier } from "../../shared/charter/schema.ts";
import { detachText, trimCell } from "./cell.ts";

export interface KeptCells {
  /** The cells of the next row that is taken. */
  add(cells: readonly string[]): void;
  /**
   * Of each side, by column and row: shape [identifierCount][rowCount].
   *
   * @param places Of every row: training rows first, then those held out.
   */
  sides(
    places: Uint32Array,
    rowCounts: readonly [number, number],
  ): readonly [string[][], string[][]];
}

export function identifierKeeper(
  identifiers: readonly Identifier[],
  header: readonly string[],
): KeptCells {
  const columns = identifiers.map(({ name }) => ({
    index: header.indexOf(name),
    cells: [] as string[],
  }));
  return {
    add(cells) {
      for (const column of columns)
        column.cells.push(detachText(trimCell(cells[column.index] ?? "")));
    },
    sides(places, [trainCount, holdoutCount]) {
      const train = columns.map(() => new Array<string>(trainCount).fill(""));
      const holdout = columns.map(() => new Array<string>(holdoutCount).fill(""));
      for (const [c, { cells }] of columns.entries()) {
        for (const [row, cell] of cells.entries()) {
          const place = places[row] ?? 0;
          const side = place < trainCount ? train[c] : holdout[c];
          if (side) side[place < trainCount ? place : place - trainCount] = cell;
        }
      }
      return [train, holdout];
    },
  };
}
