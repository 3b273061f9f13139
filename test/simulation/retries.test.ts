/**
 * Rounds without noise that are tried again once shares may be out: over the same members, across crashes of either
 * side, or not at all, and then the run says whom it lacks.
 */
import { expect, test } from "vitest";
import type { RunEvent } from "../../coordinator/run/events.ts";
import { survivorsOf } from "./attacks.ts";
import { Simulation, type SimulationParams } from "./simulation.ts";

/** The honest coordinator never gets the shares of these attempts. */
const losing =
  (...attempts: number[]): NonNullable<SimulationParams["fromAgent"]> =>
  (_, sent) =>
    sent.message.type === "shares" && attempts.includes(sent.message.attempt) ? [] : [sent];

function played(
  params: Partial<SimulationParams>,
  during = (_: Simulation): void => undefined,
): Simulation {
  const simulation = new Simulation({ seed: "retries", memberCount: 5, rounds: 2, ...params });
  during(simulation);
  simulation.start();
  simulation.runUntil(120_000);
  expect(simulation.violations).toEqual([]);
  return simulation;
}

const logged = ({ coordinator }: Simulation, type: RunEvent["type"]): RunEvent[] =>
  coordinator.events().filter((event) => event.type === type);

function reasonOf({ events }: Simulation): string {
  const end = events.find((event) => event.type === "failed");
  return end?.type === "failed" ? end.reason : "";
}

test("a round costs one entry of the log more, however often it is tried; none where all members are needed", () => {
  const healthy = played({});
  expect(logged(healthy, "survivorsCertified")).toHaveLength(2);
  const retried = played({ fromAgent: losing(0, 1) });
  expect(logged(retried, "attemptAborted")).toHaveLength(2);
  expect(logged(retried, "survivorsCertified")).toHaveLength(2);
  expect(survivorsOf(retried)).toEqual(["1 2 3 4 5", "1 2 3 4 5"]);
  const three = played({ memberCount: 3, fromAgent: losing(0) });
  expect(logged(three, "survivorsCertified")).toEqual([]);
  expect(survivorsOf(three)).toEqual(["1 2 3", "1 2 3"]);
});

test("a member that is away when its round is tried again is waited for, and counted", () => {
  const simulation = played({ fromAgent: losing(0) }, ({ time, agents }) => {
    time.at(400, () => agents[0]?.crash());
    time.at(2000, () => agents[0]?.start());
  });
  expect(simulation.status).toBe("completed");
  expect(survivorsOf(simulation)).toEqual(["1 2 3 4 5", "1 2 3 4 5"]);
});

test("a member that joins late is not asked for a round that was certified without it", () => {
  const simulation = played({ fromAgent: losing(0) }, ({ time, agents }) => {
    time.at(100, () => agents[4]?.crash()); // Before its vector is out.
    time.at(400, () => agents[4]?.start());
  });
  expect(simulation.status).toBe("completed");
  expect(survivorsOf(simulation)).toEqual(["1 2 3 4", "1 2 3 4 5"]);
});

test.each([
  "survivorsCertified",
  "attemptAborted",
] as const)("a coordinator that dies as %s is on disk opens the same set after its restart", (type) => {
  let deaths = 0;
  const diesAfter = (event: RunEvent): boolean => {
    if (event.type !== type || deaths > 0) return false;
    deaths += 1;
    return true;
  };
  const simulation = played({ fromAgent: losing(0), diesAfter }, (started) => {
    started.time.at(1000, () => started.coordinator.start());
    // One is away while the coordinator comes back: a round over four would be at hand.
    started.time.at(700, () => started.agents[1]?.crash());
    started.time.at(2500, () => started.agents[1]?.start());
  });
  expect(deaths).toBe(1);
  expect(simulation.status).toBe("completed");
  expect(survivorsOf(simulation)).toEqual(["1 2 3 4 5", "1 2 3 4 5"]);
});
test("a member that never comes back ends the run, which says so and keeps what was released", () => {
  const simulation = played({ fromAgent: losing(1) }, ({ time, agents }) => {
    time.at(300, () => agents[2]?.crash());
  });
  expect(simulation.status).toBe("failed");
  expect(reasonOf(simulation)).toBe(
    "round 1: 20 attempts failed, the last with survivorMissing; it may be opened over bank-1, bank-2, bank-3, bank-4, bank-5 only; bank-3 must come back",
  );
  expect(survivorsOf(simulation)).toEqual(["1 2 3 4 5"]);
  expect(simulation.coordinator.summary).toMatchObject({
    status: "failed",
    rounds: [{ round: 0 }],
  });
});

test("two of five restarted in the middle of a round end the run at once: three do not open it", () => {
  const simulation = played({ fromAgent: losing(0) }, ({ time, agents }) => {
    for (const member of [1, 3]) {
      time.at(400, () => agents[member]?.crash());
      time.at(500, () => agents[member]?.start());
    }
  });
  expect(reasonOf(simulation)).toBe(
    "round 0: 2 attempts failed, the last with tooFewConfirmations; it may be opened over bank-1, bank-2, bank-3, bank-4, bank-5 only; restarted in the middle of it, not knowing over whom it was opened: bank-2, bank-4",
  );
});
