/** Members who vanish at each stage of a round, up to as many as are tolerated: no work is done over. */
import { expect, test } from "vitest";
import type { AgentMessage } from "../../shared/protocol/messages.ts";
import { survivorsOf } from "./attacks.ts";
import { HEALTHY } from "./conditions.ts";
import { Simulation, type SimulationParams } from "./simulation.ts";

/** A member dies just before it says this. */
const STAGES = [
  ["before READY", "ready"],
  ["after COMMIT", "masked"],
  ["after MASKED", "confirmed"],
  ["after CONFIRM", "shares"],
] as const;

function vanishing(
  memberCount: number,
  gone: readonly number[],
  stage: AgentMessage["type"],
  params: Partial<SimulationParams> = {},
): Simulation {
  const simulation: Simulation = new Simulation({
    seed: "dropouts",
    memberCount,
    rounds: 2,
    fromAgent: (member, sent) => {
      if (!gone.includes(member) || sent.message.type !== stage) return [sent];
      simulation.agents[member]?.crash();
      return [];
    },
    ...params,
  });
  simulation.start();
  simulation.runUntil(20_000);
  return simulation;
}

const opened = ({ events }: Simulation): number =>
  events.filter(({ type }) => type === "attemptOpened").length;

test.each(
  STAGES.flatMap(([name, stage]) =>
    (
      [
        [4, 1],
        [5, 1],
        [7, 2],
      ] as const
    ).map(([n, dropouts]) => [dropouts, n, name, stage] as const),
  ),
)("%i of %i members vanish %s: both rounds complete in one attempt each", (dropouts, n, _, stage) => {
  const gone = Array.from({ length: dropouts }, (__, i) => 1 + 2 * i);
  const simulation = vanishing(n, gone, stage);
  expect(simulation.violations).toEqual([]);
  expect(simulation.status).toBe("completed");
  expect(opened(simulation)).toBe(2);
  expect([...simulation.work.values()].every((times) => times === 1)).toBe(true);
  const all = Array.from({ length: n }, (__, i) => i);
  const left = all.filter((i) => !gone.includes(i));
  const named = (members: number[]): string => members.map((i) => i + 1).join(" ");
  // Whoever's vector is in is counted, though it vanishes before the sum is opened.
  const counted = stage === "confirmed" || stage === "shares" ? all : left;
  expect(survivorsOf(simulation)).toEqual([named(counted), named(left)]);
});

test.each(STAGES)("one more than is tolerated, %s: nothing is opened", (_, stage) => {
  const simulation = vanishing(4, [1, 3], stage);
  expect(simulation.violations).toEqual([]);
  expect(survivorsOf(simulation)).toEqual([]);
  expect(simulation.status).toBe("running"); // It waits for a third.
});

/** A vector of two chunks, from a member whose frames come one after another. */
function uploading(then: (simulation: Simulation) => void): Simulation {
  let frames = 0;
  const oneAfterAnother = (): number => {
    frames += 1;
    return 10 * frames;
  };
  const simulation: Simulation = new Simulation({
    seed: "upload",
    memberCount: 4,
    rounds: 1,
    dimension: 100_000,
    fromAgent: (member, sent) => {
      if (member !== 3 || sent.message.type !== "masked") return [sent];
      simulation.conditions = {
        ...HEALTHY,
        delayMs: (id) => (id === "bank-4" ? oneAfterAnother() : 5),
      };
      simulation.time.after(25, () => then(simulation)); // Announced at 10, first chunk at 20.
      return [sent];
    },
  });
  simulation.start();
  simulation.runUntil(20_000);
  return simulation;
}

test("half a vector counts for nothing: what came of it is taken out of the sum again", () => {
  const simulation = uploading(({ agents }) => agents[3]?.crash());
  expect(simulation.violations).toEqual([]);
  expect(survivorsOf(simulation)).toEqual(["1 2 3"]);
});

test("half a vector counts for nothing when its member is back with nothing in memory", () => {
  const simulation = uploading(({ agents, time }) => {
    agents[3]?.crash();
    time.after(1, () => agents[3]?.start());
  });
  expect(simulation.violations).toEqual([]);
  expect(survivorsOf(simulation)).toEqual(["1 2 3"]);
});

test("half a vector is completed over the next connection", () => {
  const simulation = uploading(({ links }) => links.get("bank-4")?.breakConnection());
  expect(simulation.violations).toEqual([]);
  expect(survivorsOf(simulation)).toEqual(["1 2 3 4"]);
  expect(opened(simulation)).toBe(1);
});
