/** A matching among processes, over sockets: exact counts, and an end with a name when one of them is killed. */
import { expect, test } from "vitest";
import { inventedSet } from "../support/match-process.ts";
import { matchOverSockets } from "../support/match-processes.ts";
import { plainCounts } from "../support/matching.ts";

const SETS = { pool: 300, seed: 7 };
const setting = { memberCount: 3, setSize: 200, chunkPoints: 64, sets: SETS };

test("three processes find what their sets have in common", async () => {
  const { counts, reason, costs } = await matchOverSockets(setting);
  expect(reason).toBeNull();
  expect(counts).toEqual(plainCounts([0, 1, 2].map((member) => [...inventedSet(SETS, member)])));
  expect(costs.length).toBe(3);
});

test("a process that is killed mid-ring ends it for everybody, by name", async () => {
  const { counts, reason, costs } = await matchOverSockets({
    ...setting,
    onProgress: (done, members) => {
      if (done === 3) members[1]?.kill("SIGKILL");
    },
  });
  expect(reason).toEqual({ code: "memberLeft", member: 1 });
  expect(counts).toBeNull();
  expect(costs.length).toBe(2);
});
