/**
 * EDGE: exact matching, 5 members of 100,000 customers each, every member a process with one thread that masks, over
 * sockets of this machine. What counts is processor time, which others on the machine do not change much: each member
 * passes on five sets. Takes some minutes.
 */
import { inventedSet } from "../support/match-process.ts";
import { matchOverSockets } from "../support/match-processes.ts";
import { plainCounts } from "../support/matching.ts";
import type { BenchResult } from "./format.ts";

const MEMBERS = 5;
const SET_SIZE = 100_000;
/** Half of them are in each member's set. */
const SETS = { pool: 196_000, seed: 1 };

export async function matchingBench(): Promise<BenchResult[]> {
  const outcome = await matchOverSockets({ memberCount: MEMBERS, setSize: SET_SIZE, sets: SETS });
  const sets = Array.from({ length: MEMBERS }, (_, member) => [...inventedSet(SETS, member)]);
  const identifiers = sets.reduce((sum, { length }) => sum + length, 0);
  const expected = plainCounts(sets);
  const cpu = outcome.costs.map(({ cpuSeconds }) => cpuSeconds);
  const rate = (MEMBERS * SET_SIZE) / Math.max(...cpu);
  const name = `exact matching, ${MEMBERS} × ${SET_SIZE.toLocaleString("en-US")} customers`;
  const results = [
    { name: `${name}: one pass`, value: rate, unit: "ids/s", target: 8000, limit: 2500 },
    { name: "counts that differ", value: different(outcome.counts, expected), unit: "", limit: 0 },
    { name: "identifiers in all sets", value: identifiers, unit: "" },
    { name: "all of it, this machine", value: outcome.wallSeconds, unit: "s" },
    { name: "the coordinator's processor time", value: outcome.cpuSeconds, unit: "s", target: 10 },
    {
      name: "a member's peak memory",
      value: Math.max(...outcome.costs.map(({ peakMb }) => peakMb)),
      unit: "MB",
      target: 400,
    },
    {
      name: "sent by a member",
      value: Math.max(...outcome.costs.map(({ bytesSent }) => bytesSent)) / 1e6,
      unit: "MB",
      limit: 16,
    },
  ];
  return results.map((result) => ({ target: null, limit: null, ...result }));
}

type Counts = ReturnType<typeof plainCounts>;

/** Of the histogram and all pairs; every one of them where there is no answer. */
function different(counts: Counts | null, expected: Counts): number {
  const flat = ({ byMembers, pairs }: Counts): number[] => [...byMembers, ...pairs.flat()];
  const found = counts ? flat(counts) : [];
  return flat(expected).filter((count, i) => count !== found[i]).length;
}
