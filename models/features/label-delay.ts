/**
 * Which rows' labels are not settled yet: a fraud is reported weeks after the payment. Pure: the time to go by is an
 * argument. Each row is judged by itself, so that no record decides about another.
 */
import { DAY_MS, daysSince1970 } from "../../shared/base/calendar.ts";
import { badInput } from "../../shared/base/errors.ts";
import type { DataSchema } from "../../shared/charter/schema.ts";
import { trimCell } from "./cell.ts";
import { cellFault, type RowPlace } from "./row-encoder.ts";

const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?$/;
const SECONDS = /^\d{1,12}$/;

/**
 * Tells rows that are younger than the schema's `label.delay` allows; null where it declares none.
 *
 * @param nowMs When the table is read, as milliseconds since 1970; the schema's own `asOf` comes first. Undefined: unknown.
 * @throws {CloisterError} `data.no-time` if neither is known. The result throws `data.bad-time`.
 */
export function unsettledRows(
  { label }: DataSchema,
  header: readonly string[],
  place: RowPlace,
  nowMs: number | undefined,
): ((cells: readonly string[]) => boolean) | null {
  const { delay } = label;
  if (delay === undefined) return null;
  const asOfMs = delay.asOf === undefined ? nowMs : timeOf(delay.asOf, "iso");
  if (asOfMs === undefined || asOfMs === null) {
    throw badInput(
      "data.no-time",
      "the schema's label.delay needs a time to count from: give it asOf",
    );
  }
  const latestMs = asOfMs - delay.days * DAY_MS;
  const index = header.indexOf(delay.column);
  const wanted =
    delay.format === "iso"
      ? "a date such as 2026-01-31, or with a time as in 2026-01-31T12:30:00Z"
      : "whole seconds since 1970";
  return (cells) => {
    const time = timeOf(trimCell(cells[index] ?? ""), delay.format);
    if (time !== null) return time > latestMs;
    throw cellFault(place, delay.column, "data.bad-time", `expected ${wanted}`);
  };
}

/** Milliseconds since 1970, or null. A date is its first moment in UTC, and so is a time without an offset in UTC. */
export function timeOf(text: string, format: "iso" | "unixSeconds"): number | null {
  if (format === "unixSeconds") return SECONDS.test(text) ? 1000 * Number(text) : null;
  const match = ISO.exec(text);
  if (!match) return null;
  const [year, month, day, hour, minute, second] = match
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  if (!isDay(year ?? 0, month ?? 0, day ?? 0)) return null;
  if ((hour ?? 0) > 23 || (minute ?? 0) > 59 || (second ?? 0) > 59) return null;
  const seconds = ((hour ?? 0) * 60 + (minute ?? 0)) * 60 + (second ?? 0);
  const days = daysSince1970(year ?? 0, month ?? 0, day ?? 0);
  return days * DAY_MS + 1000 * seconds - offsetMs(match[7]);
}

function offsetMs(offset: string | undefined): number {
  if (offset === undefined || offset === "Z") return 0;
  const minutes = 60 * Number(offset.slice(1, 3)) + Number(offset.slice(-2));
  return (offset.startsWith("-") ? -1 : 1) * minutes * 60_000;
}

function isDay(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1) return false;
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  return day <= (days[month - 1] ?? 0);
}
