/** Dates as numbers of days, UTC. Pure. */

export const DAY_MS = 24 * 3600 * 1000;

/**
 * Of the proleptic Gregorian calendar, counted in years that begin in March, so that a leap day is a year's last.
 *
 * @see Hinnant, chrono-Compatible Low-Level Date Algorithms, days_from_civil.
 */
export function daysSince1970(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const leapDays = Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400);
  return 365 * y + leapDays + dayOfYear - 719_468;
}
