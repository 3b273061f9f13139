/** EDGE: what is wrong with a disk or a file on it, in words, from what Node and SQLite throw. Nothing that was in it is told. */

const FULL = "the disk is full; make room and start again: nothing that was saved is lost";
const READ_ONLY =
  "the disk is read-only, or the file is another user's; check both, and run as its owner";
const LOCKED = "another process holds it; end that one, or wait";
const UNREADABLE =
  "it cannot be read or written; check its folder, the disk's free space and health";
const DAMAGED =
  "it is damaged, or no database of ours; put back the newest state of the whole folder, and never an older one for good";

/** SQLite's primary result codes. @see https://sqlite.org/rescode.html */
const SQLITE: ReadonlyMap<number, string> = new Map([
  [3, READ_ONLY],
  [5, LOCKED],
  [6, LOCKED],
  [8, READ_ONLY],
  [10, UNREADABLE],
  [11, DAMAGED],
  [13, FULL],
  [14, UNREADABLE],
  [26, DAMAGED],
]);

const SYSTEM: ReadonlyMap<string, string> = new Map([
  ["ENOSPC", FULL],
  ["EDQUOT", FULL],
  ["EROFS", READ_ONLY],
  ["EACCES", READ_ONLY],
  ["EPERM", READ_ONLY],
  ["EIO", UNREADABLE],
  ["EMFILE", "too many files are open on this machine; raise the limit (ulimit -n)"],
]);

/** @returns What is wrong and what to do; null: it is no fault of a disk. */
export function diskFault(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  // The lowest byte of an extended code is the primary one.
  if ("errcode" in error) return SQLITE.get(Number(error.errcode) & 0xff) ?? null;
  return "code" in error ? (SYSTEM.get(String(error.code)) ?? null) : null;
}
