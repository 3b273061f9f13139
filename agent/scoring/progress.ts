/** How far a long scoring has come, for a person who watches. Pure: time is an argument. */

const EVERY_MS = 500;

export interface Progress {
  /** @returns What to write over the last line; null: not yet. */
  at(rows: number, nowMs: number): string | null;
}

export function progress(startMs: number): Progress {
  let shownMs = startMs;
  return {
    at(rows, nowMs) {
      if (nowMs - shownMs < EVERY_MS) return null;
      shownMs = nowMs;
      const rate = Math.round((rows * 1000) / (nowMs - startMs));
      return `\r${count(rows)} rows, ${count(rate)} rows/s`;
    },
  };
}

/** Wipes the line. */
export const PROGRESS_END = "\r\x1b[K";

function count(value: number): string {
  return value.toLocaleString("en-US");
}
