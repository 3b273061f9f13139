/**
 * Rows down a tree, 64 at a time, a byte a row: every split is asked for every row, children before parents, and
 * what remains at the root is the index of each row's leaf. No branch depends on a row. AssemblyScript, not
 * TypeScript; pure.
 *
 * A split is 16 bytes: its column's place in a block, the places of its left and its right child among the slots,
 * and its test. Below 2^16 that is a limit and, in the second byte, what is added to a bin before it is compared.
 * Else it is 2^16 and a count of tables, which follow, 32 bytes each: 0 or −1 for each of 16 bins, and the first
 * of them. Slots 0 … 255 hold their own number; split i leaves its answer in slot 256 + i.
 */

const BLOCK: usize = 64;
const SPLIT: usize = 16;
const TABLE: usize = 32;
const LISTED: u32 = 0x10000;

/**
 * Adds a tree's leaves to the sums of all rows.
 *
 * @param splits The tree's, children before parents.
 * @param columns Bins of the first block: 64 bytes a column.
 * @param blockBytes From a block's bins to the next one's.
 * @param values Of the leaves, doubles.
 * @param sums Doubles, one a row.
 */
export function addTree(
  splits: usize,
  splitCount: i32,
  slots: usize,
  columns: usize,
  blockBytes: usize,
  blockCount: i32,
  values: usize,
  sums: usize,
): void {
  const root = splitCount === 0 ? slots : slots + 255 * BLOCK + (splitCount as usize) * BLOCK;
  for (let block = 0; block < blockCount; block++) {
    let at = splits;
    let own = slots + 256 * BLOCK;
    for (let i = 0; i < splitCount; i++) {
      const bins = columns + load<u32>(at);
      const left = slots + load<u32>(at, 4);
      const right = slots + load<u32>(at, 8);
      const test = load<u32>(at, 12);
      at += SPLIT;
      if (test < LISTED) {
        const limit = i8x16.splat(test as i8);
        const shift = i8x16.splat((test >> 8) as i8);
        choose(own, left, right, i8x16.le_u(i8x16.add(v128.load(bins), shift), limit));
        choose(own + 16, left + 16, right + 16, i8x16.le_u(i8x16.add(v128.load(bins, 16), shift), limit));
        choose(own + 32, left + 32, right + 32, i8x16.le_u(i8x16.add(v128.load(bins, 32), shift), limit));
        choose(own + 48, left + 48, right + 48, i8x16.le_u(i8x16.add(v128.load(bins, 48), shift), limit));
      } else {
        const end = at + ((test - LISTED) as usize) * TABLE;
        for (let k: usize = 0; k < BLOCK; k += 16) {
          choose(own + k, left + k, right + k, listed(v128.load(bins + k), at, end));
        }
        at = end;
      }
      own += BLOCK;
    }
    addLeaves(root, values, sums);
    columns += blockBytes;
    sums += BLOCK * 8;
  }
}

// @ts-ignore: decorator
@inline
function choose(own: usize, left: usize, right: usize, goesLeft: v128): void {
  v128.store(own, v128.bitselect(v128.load(left), v128.load(right), goesLeft));
}

/** −1 where a bin is listed. A lookup beyond a table gives 0. */
// @ts-ignore: decorator
@inline
function listed(bins: v128, tables: usize, end: usize): v128 {
  let found = i64x2.splat(0);
  for (let at = tables; at < end; at += TABLE) {
    const places = i8x16.sub(bins, v128.load8_splat(at, 16));
    found = v128.or(found, i8x16.swizzle(v128.load(at), places));
  }
  return found;
}

// @ts-ignore: decorator
@inline
function addLeaves(leaves: usize, values: usize, sums: usize): void {
  const end = leaves + BLOCK;
  for (; leaves < end; leaves += 4, sums += 32) {
    const four = load<u32>(leaves);
    const a = v128.load64_zero(values + (((four & 0xff) as usize) << 3));
    const b = v128.load64_zero(values + ((((four >> 16) & 0xff) as usize) << 3));
    const ab = v128.load64_lane(values + ((((four >> 8) & 0xff) as usize) << 3), a, 1);
    const cd = v128.load64_lane(values + (((four >> 24) as usize) << 3), b, 1);
    v128.store(sums, f64x2.add(v128.load(sums), ab));
    v128.store(sums, f64x2.add(v128.load(sums, 16), cd), 16);
  }
}
