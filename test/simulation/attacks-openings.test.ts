/**
 * A coordinator that has one sum opened twice, over different members, where nothing is noised: the difference would
 * be one member's vector. Members open a round, and an ask, over one set; the second gets nothing, by name.
 */
import { expect, test } from "vitest";
import { attacked, faultsSeenBy, refusalsOf, resignedRound, survivorsOf } from "./attacks.ts";
import { roomOf, runIn } from "./room.ts";
import { SecondOpening } from "./second-opening.ts";
import type { Sent, Simulation } from "./simulation.ts";

const run = runIn(roomOf(5), "attack", 2, 4);
const ALL = [0, 1, 2, 3, 4];
/** Everyone but the victim. */
const OTHERS = [1, 2, 3, 4];
const FIRST = 0;

/** The first attempt is opened behind the honest half's back; the next one is to be opened without the victim. */
function retrying(): SecondOpening {
  return new SecondOpening({
    run,
    survivors: OTHERS,
    attacks: ({ round, attempt }) => round === 0 && attempt > FIRST,
    hides: (attempt) => attempt === FIRST,
  });
}

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
  const liar = retrying();
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
  const liar = retrying();
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
  const liar = retrying();
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
  const liar = retrying();
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
  let first: Sent<Parameters<Simulation["tell"]>[1]> | null = null;
  const liar = new SecondOpening({
    run,
    survivors: OTHERS,
    attacks: (message) => message.round === 1,
    asks: (sent) => {
      const { message } = sent;
      if (message.type !== "roundOpened" || first?.message.type !== "roundOpened") return sent;
      const { vector } = first;
      const repeated = { ...message, vector: first.message.vector };
      return { message: resignedRound(run, repeated), vector };
    },
  });
  const lies = liar.lies();
  const simulation = attacked(
    {
      memberCount: 5,
      ...lies,
      toAgent: (member, sent) => {
        if (sent.message.type === "roundOpened") first ??= sent;
        return lies.toAgent?.(member, sent) ?? [sent];
      },
    },
    (started) => liar.during(started),
  );
  expect(liar.shares.get(FIRST)).toEqual(ALL);
  expect(liar.shares.get(liar.target)).toBeUndefined();
  for (const member of OTHERS)
    expect(faultsSeenBy(simulation, member)).toEqual(["otherSurvivors coordinator"]);
  expectNothingLost(simulation);
});
