/**
 * One feature's bins of rows, a byte each: 64 rows at `target`, the next 64 `blockBytes` further. No branch depends
 * on a value. AssemblyScript, not TypeScript; pure.
 */

const BLOCK: i32 = 64;
const MISSING: i32 = 255;
const LAST_CELL: i32 = 4095;
/** The bits of 2. Those of 2 to 4 rise in equal steps: the first 12 after them are a cell of 4096. */
const TWO: i32 = 0x40000000;
const CELL_SHIFT: i32 = 11;

/**
 * The bin of a number is how many edges are below it; NaN's is MISSING.
 *
 * @param numbers Floats from −1 to 1, `stride` bytes apart.
 * @param cells Of each of 4096 cells of that range, a bin that no value in it is below.
 * @param edges Floats, ascending, and behind them as many infinities as steps.
 * @param steps How many bins further a value can be than its cell says.
 */
export function binNumbers(
  numbers: usize,
  stride: usize,
  rowCount: i32,
  cells: usize,
  edges: usize,
  steps: i32,
  target: usize,
  blockBytes: usize,
): void {
  for (let row = 0; row < rowCount; row += BLOCK, target += blockBytes) {
    const count = min(BLOCK, rowCount - row);
    for (let i = 0; i < count; i++, numbers += stride) {
      const value = load<f32>(numbers);
      const cell = min(max((reinterpret<i32>(value + 3) - TWO) >> CELL_SHIFT, 0), LAST_CELL);
      let bin = load<u8>(cells + (cell as usize)) as i32;
      for (let step = 0; step < steps; step++) {
        bin += (load<f32>(edges + ((bin as usize) << 2)) < value) as i32;
      }
      store<u8>(target + (i as usize), select<i32>(MISSING, bin, value !== value));
    }
  }
}

/** The bin of a category is its code; codes beyond the last bin share the first. */
export function binCodes(
  codes: usize,
  stride: usize,
  rowCount: i32,
  binCount: i32,
  target: usize,
  blockBytes: usize,
): void {
  for (let row = 0; row < rowCount; row += BLOCK, target += blockBytes) {
    const count = min(BLOCK, rowCount - row);
    for (let i = 0; i < count; i++, codes += stride) {
      const code = load<u16>(codes) as i32;
      store<u8>(target + (i as usize), select<i32>(code, 0, code < binCount));
    }
  }
}
