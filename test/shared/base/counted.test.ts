/** One of a thing is not several. */
import { expect, test } from "vitest";
import { counted } from "../../../shared/base/counted.ts";

test("one is singular, none and several are plural", () => {
  expect([0, 1, 2].map((n) => counted(n, "row"))).toEqual(["0 rows", "1 row", "2 rows"]);
  expect([1, 2].map((n) => counted(n, "entry", "entries"))).toEqual(["1 entry", "2 entries"]);
});
