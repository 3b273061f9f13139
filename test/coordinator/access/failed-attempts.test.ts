/** Failures by address: limited within a minute, forgotten after it, and never more of them than there is room for. */
import { expect, test } from "vitest";
import { FailedAttempts, sourceOf } from "../../../coordinator/access/failed-attempts.ts";

const fail = (attempts: FailedAttempts, address: string, times: number, atMs = 0): void => {
  for (let i = 0; i < times; i++) attempts.failed(address, atMs);
};

test("an address waits after as many failures as are allowed, until its minute is over; others do not", () => {
  const attempts = new FailedAttempts(3);
  fail(attempts, "192.0.2.1", 2, 1000);
  expect(attempts.waitMs("192.0.2.1", 1000)).toBe(0);
  fail(attempts, "192.0.2.1", 1, 30_000);
  expect(attempts.waitMs("192.0.2.1", 31_000)).toBe(30_000);
  expect(attempts.waitMs("192.0.2.2", 31_000)).toBe(0);
  expect(attempts.waitMs("192.0.2.1", 60_999)).toBe(1);
  expect(attempts.waitMs("192.0.2.1", 61_000)).toBe(0);
  fail(attempts, "192.0.2.1", 2, 61_000); // A minute anew, from nothing.
  expect(attempts.waitMs("192.0.2.1", 61_000)).toBe(0);
});

test("no limit is no limit, and a clock that goes back locks nobody out for long", () => {
  const unlimited = new FailedAttempts(0);
  fail(unlimited, "192.0.2.1", 1000);
  expect(unlimited.waitMs("192.0.2.1", 0)).toBe(0);
  const attempts = new FailedAttempts(1);
  fail(attempts, "192.0.2.1", 1, 1e12);
  expect(attempts.waitMs("192.0.2.1", 5)).toBe(0);
});

test("a hundred thousand addresses take no more room than a thousand; the oldest is forgotten first", () => {
  const attempts = new FailedAttempts(1);
  for (let i = 0; i < 100_000; i++)
    attempts.failed(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, 0);
  expect(attempts.size).toBe(1024);
  expect(attempts.waitMs("10.0.0.0", 0)).toBe(0);
  expect(attempts.waitMs("10.1.134.159", 0)).toBeGreaterThan(0);
});

test.each([
  ["192.0.2.7", "192.0.2.7"],
  ["::ffff:192.0.2.7", "192.0.2.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
  ["2001:DB8::7", "2001:db8:0:0"],
  ["::1", "0:0:0:0"],
  ["fe80::1%eth0", "fe80:0:0:0"],
  ["1:2:3:4:5:6::8", "1:2:3:4"],
  ["", ""],
])("the address %s counts as %s", (address, source) => {
  expect(sourceOf(address)).toBe(source);
});

test("every address of one network of IPv6 counts as one", () => {
  const attempts = new FailedAttempts(2);
  fail(attempts, "2001:db8::1", 1);
  fail(attempts, "2001:db8::ffff:2", 1);
  expect(attempts.waitMs("2001:db8::3", 0)).toBeGreaterThan(0);
  expect(attempts.waitMs("2001:db8:0:1::3", 0)).toBe(0);
});
