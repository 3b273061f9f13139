/** Whether a vector is made of numbers: what a diverged training leaves is not. Pure. */
export function allFinite(values: ArrayLike<number>): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false;
  return true;
}
