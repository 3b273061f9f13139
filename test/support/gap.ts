/** How far two lists of scores are apart. Pure. */

/** NaN where either is, so that no limit is kept then. */
export function largestGap(ours: ArrayLike<number>, theirs: ArrayLike<number>): number {
  if (ours.length !== theirs.length) return Number.NaN;
  let worst = 0;
  for (let i = 0; i < ours.length; i++)
    worst = Math.max(worst, Math.abs((ours[i] ?? Number.NaN) - (theirs[i] ?? Number.NaN)));
  return worst;
}
