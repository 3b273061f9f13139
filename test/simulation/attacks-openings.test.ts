/**
 * A coordinator that has one sum opened twice, over different members, where nothing is noised: the difference would
 * be one member's vector. Members open a round, and an ask, over one set; the second gets nothing, by name.
 */
import { expect, test } from "vitest";
import { attacked, faultsSeenBy, refusalsOf, survivorsOf } from "./attacks.ts";
import { roomOf, runIn } from "./room.ts";
import { askingAgain, OTHERS, openingAgain, type SecondOpening } from "./second-opening.ts";
import type { Simulation } from "./simulation.ts";

const run = runIn(roomOf(5), "attack", 2, 4);
const ALL = [0, 1, 2, 3, 4];
const FIRST = 0;

function against(liar: SecondOpening, during = (_: Simulation): void => undefined): Simulation {
  return attacked({ memberCount: 5, ...liar.lies() }, (simulation) => {
    liar.during(simulation);
    during(simulation);
  });
}

function expectNothingLost(simulation: Simulation): void {
  expect(simulation.violations).toEqual([]);
  expect(simulation.status).toBe("completed");
  expect(survivorsOf(simulation)).toEqual(["1 2 3 4 5", "1 2 3 4 5"]);
}

test("a round tried again without one member, after its shares were given out: nobody confirms", () => {
  const liar = openingAgain(run);
  const simulation = against(liar);
  expect(liar.shares.get(FIRST)).toEqual(ALL);
  expect(liar.target).toBeGreaterThan(FIRST);
  expect(liar.shares.get(liar.target)).toBeUndefined();
  for (const member of OTHERS) {
    expect(refusalsOf(simulation, member)).toEqual(["otherSurvivors"]);
    expect(faultsSeenBy(simulation, member)).toEqual(["otherSurvivors coordinator"]);
  }
  expectNothingLost(simulation);
});

test("nor if sessions are ended in between: what a member opened outlives them", () => {
  const liar = openingAgain(run);
  const simulation = against(liar, ({ time, coordinator }) => {
    time.at(300, () => coordinator.crash());
    time.at(320, () => coordinator.start());
  });
  expect(liar.shares.get(FIRST)).toEqual(ALL);
  expect(liar.shares.get(liar.target)).toBeUndefined();
  for (const member of OTHERS)
    expect(faultsSeenBy(simulation, member)).toEqual(["otherSurvivors coordinator"]);
  expectNothingLost(simulation);
});

test("a member restarted in between does not know what it opened, and opens nothing in that round", () => {
  const liar = openingAgain(run);
  const simulation = against(liar, ({ time, agents }) => {
    time.at(300, () => agents[4]?.crash());
    time.at(320, () => agents[4]?.start());
  });
  expect(liar.shares.get(FIRST)).toEqual(ALL);
  expect(liar.shares.get(liar.target)).toBeUndefined();
  // Told the truth it holds back as well: the other four are enough.
  expect(refusalsOf(simulation, 4)).toEqual(["roundForgotten", "roundForgotten"]);
  expect(faultsSeenBy(simulation, 4)).toEqual([]);
  expect(faultsSeenBy(simulation, 3)).toEqual(["otherSurvivors coordinator"]);
  expectNothingLost(simulation);
});

test("all of them restarted in between: the round is over, and the run ends saying why", () => {
  const liar = openingAgain(run);
  const simulation = against(liar, ({ time, agents }) => {
    time.at(300, () => void agents.map((agent) => agent.crash()));
    time.at(320, () => void agents.map((agent) => agent.start()));
  });
  expect(liar.shares.get(FIRST)).toEqual(ALL);
  expect([...liar.shares.keys()]).toEqual([FIRST]);
  expect(simulation.violations).toEqual([]);
  const end = simulation.events.find((event) => event.type === "failed");
  expect(end?.type === "failed" && end.reason).toMatch(
    /^round 0: .*restarted in the middle of it, not knowing over whom it was opened: bank-2, /,
  );
});

test("the same ask under the next round's number, without one member: nobody confirms", () => {
  const liar = askingAgain(run);
  const simulation = against(liar);
  expect(liar.shares.get(FIRST)).toEqual(ALL);
  expect(liar.shares.get(liar.target)).toBeUndefined();
  for (const member of OTHERS)
    expect(faultsSeenBy(simulation, member)).toEqual(["otherSurvivors coordinator"]);
  expectNothingLost(simulation);
});
