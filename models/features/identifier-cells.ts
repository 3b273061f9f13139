/** The cells of a table's identifier columns, as they are: what customers may be matched by. Pure. */
import type { Identifier } from "../../shared/charter/schema.ts";
import { detachText, trimCell } from "./cell.ts";

/** Where each row of a table went. */
export interface Placed {
  /** By row: its place on its side. */
  readonly places: Uint32Array;
  /** By row: 0, training, or 1, holdout. */
  readonly sideOf: (row: number) => 0 | 1;
  readonly rowCounts: readonly [number, number];
}

export interface KeptCells {
  /** The cells of the next row that is taken. */
  add(cells: readonly string[]): void;
  /** Of each side, by column and row: shape [identifierCount][rowCount]. */
  sides(placed: Placed): readonly [string[][], string[][]];
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
    sides({ places, sideOf, rowCounts }) {
      const sides = [0, 1].map((side) =>
        columns.map(() => new Array<string>(rowCounts[side] ?? 0).fill("")),
      ) as [string[][], string[][]];
      for (const [c, { cells }] of columns.entries()) {
        for (const [row, cell] of cells.entries()) {
          const column = sides[sideOf(row)][c];
          if (column) column[places[row] ?? 0] = cell;
        }
      }
      return sides;
    },
  };
}
