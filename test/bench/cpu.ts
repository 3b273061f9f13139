/** EDGE: processor time of this process, all its threads, and medians of it. */

export function cpuMs(run: () => unknown): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Of some runs after one that is not counted. */
export function medianOf(runs: number, run: () => number): number {
  run();
  return median(Array.from({ length: runs }, run));
}
