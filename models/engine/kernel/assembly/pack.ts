/**
 * Lays matrices out for the products: panels of eight columns, row after row, so that a product reads them in order.
 * What is missing of the last panel is zero. AssemblyScript, not TypeScript; pure.
 */

/** Panels of `source`, shape [rows × columns], without gaps. */
export function packPanels(source: usize, target: usize, rows: i32, columns: i32): void {
  const stride = (<usize>columns) << 2;
  for (let j = 0; j < columns; j += 8) {
    let from = source + ((<usize>j) << 2);
    const whole = j + 8 <= columns;
    for (let i = 0; i < rows; i++) {
      if (whole) {
        v128.store(target, v128.load(from));
        v128.store(target, v128.load(from, 16), 16);
      } else {
        for (let c = 0; c < 8; c++) {
          const value = j + c < columns ? load<f32>(from + ((<usize>c) << 2)) : <f32>0;
          store<f32>(target + ((<usize>c) << 2), value);
        }
      }
      from += stride;
      target += 32;
    }
  }
}

/** Panels of the transpose of `source`, shape [rows × columns]: eight of its rows to a panel. */
export function packTransposed(source: usize, target: usize, rows: i32, columns: i32): void {
  const stride = (<usize>columns) << 2;
  for (let i = 0; i < rows; i += 8) {
    for (let r = 0; r < 8; r += 4) {
      const from = source + <usize>(i + r) * stride;
      packFour(from, target + ((<usize>r) << 2), min(max(rows - i - r, 0), 4), columns, stride);
    }
    target += (<usize>columns) << 5;
  }
}

/** Four rows become the halves of a panel's rows. */
function packFour(source: usize, target: usize, rows: i32, columns: i32, stride: usize): void {
  let j = 0;
  if (rows === 4) {
    for (; j + 4 <= columns; j += 4) {
      const a = v128.load(source);
      const b = v128.load(source + stride);
      const c = v128.load(source + 2 * stride);
      const d = v128.load(source + 3 * stride);
      const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
      const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
      const high = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
      const more = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
      v128.store(target, v128.shuffle<f32>(ab, cd, 0, 1, 4, 5));
      v128.store(target, v128.shuffle<f32>(ab, cd, 2, 3, 6, 7), 32);
      v128.store(target, v128.shuffle<f32>(high, more, 0, 1, 4, 5), 64);
      v128.store(target, v128.shuffle<f32>(high, more, 2, 3, 6, 7), 96);
      source += 16;
      target += 128;
    }
  }
  for (; j < columns; j++) {
    for (let r = 0; r < 4; r++) {
      const value = r < rows ? load<f32>(source + <usize>r * stride) : <f32>0;
      store<f32>(target + ((<usize>r) << 2), value);
    }
    source += 4;
    target += 32;
  }
}
