/** Rows in blocks, put in order where they are. */
import { expect, test } from "vitest";
import {
  drainRows,
  type GrowingRows,
  growingRows,
  nextPlace,
  permuteInPlace,
} from "../../../models/features/growing.ts";
import { UniformSource } from "../../../shared/base/uniform.ts";
import { rng } from "../fixtures.ts";

/** Row i holds i, −i and i modulo 1000. */
function filled(count: number): GrowingRows {
  const rows = growingRows(2, 1, 1);
  for (let row = 0; row < count; row++) {
    const { block, at } = nextPlace(rows);
    block.numbers.set([row, -row], 2 * at);
    block.codes[at] = row % 1000;
    rows.rowCount += 1;
  }
  return rows;
}

test.each([1, 16_384, 16_385, 40_000])("%i rows are each where they were sent", (count) => {
  const source = new UniformSource(rng("places"));
  const places = Uint32Array.from({ length: count }, (_, row) => row);
  for (let i = count - 1; i > 0; i--) {
    const j = source.below(i + 1);
    [places[i], places[j]] = [places[j] ?? 0, places[i] ?? 0];
  }
  const rows = filled(count);
  permuteInPlace(rows, places);
  const found = new Float64Array(count).fill(-1);
  let wrong = 0;
  drainRows(rows, (block, first, length) => {
    for (let at = 0; at < length; at++) {
      const row = block.numbers[2 * at] ?? -1;
      found[first + at] = row;
      if (block.numbers[2 * at + 1] !== -row || block.codes[at] !== row % 1000) wrong += 1;
    }
  });
  expect(wrong).toBe(0);
  for (const [row, place] of places.entries()) if (found[place] !== row) wrong += 1;
  expect(wrong).toBe(0);
});
