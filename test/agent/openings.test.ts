/** Over whom a member opens what: each round and each ask over one set, and nothing that it may have forgotten. */
import { expect, test } from "vitest";
import { Openings } from "../../agent/openings.ts";

const RUN = "ab".repeat(32);
const asked = (round: number, ask = `update ${round}`) => ({ round, ask });

function opened(lastRound = -1): Openings {
  const openings = new Openings();
  openings.begin(RUN, lastRound);
  return openings;
}

test("a round is opened over one set of members: the same again, never another", () => {
  const openings = opened();
  expect(openings.refusal(asked(0), [0, 1, 2, 3])).toBeNull();
  expect(openings.refusal(asked(0), [0, 1, 2])).toBeNull(); // Nothing was given out yet.
  openings.add(asked(0), [0, 1, 2, 3]);
  expect(openings.refusal(asked(0), [0, 1, 2, 3])).toBeNull();
  for (const other of [
    [0, 1, 2],
    [1, 2, 3],
    [0, 1, 2, 3, 4],
    [0, 1, 2, 13],
  ])
    expect(openings.refusal(asked(0), other)).toBe("otherSurvivors");
  expect(openings.refusal(asked(0, "another model"), [0, 1, 2])).toBe("otherSurvivors");
  expect(openings.refusal(asked(1), [0, 1, 2])).toBeNull();
});

test("an ask is opened over one set of members, whatever its round is called", () => {
  const openings = opened();
  openings.add(asked(0, "update m"), [0, 1, 2, 3]);
  expect(openings.refusal(asked(7, "update m"), [0, 1, 2])).toBe("otherSurvivors");
  expect(openings.refusal(asked(7, "update m"), [0, 1, 2, 3])).toBeNull();
  expect(openings.refusal(asked(7, "evaluate m"), [0, 1, 2])).toBeNull();
});

test("rounds that an earlier process answered are not opened; sessions of the same process change nothing", () => {
  const openings = opened(4);
  expect(openings.refusal(asked(4), [0, 1, 2])).toBe("roundForgotten");
  expect(openings.refusal(asked(0), [0, 1, 2])).toBe("roundForgotten"); // Nor an older one again.
  expect(openings.refusal(asked(5), [0, 1, 2])).toBeNull();
  openings.add(asked(5), [0, 1, 2]);
  openings.begin(RUN, 5);
  expect(openings.refusal(asked(5), [0, 1, 2])).toBeNull();
  expect(openings.refusal(asked(5), [0, 1, 3])).toBe("otherSurvivors");
});

test("another run takes its place; who comes back to the first knows only that it answered", () => {
  const openings = opened();
  openings.add(asked(0), [0, 1, 2]);
  openings.begin("cd".repeat(32), -1);
  expect(openings.refusal(asked(0), [0, 1, 3])).toBeNull();
  openings.begin(RUN, 0);
  expect(openings.refusal(asked(0), [0, 1, 2])).toBe("roundForgotten");
});
