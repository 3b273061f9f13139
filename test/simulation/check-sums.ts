/** Every released round: the survivors' integer sum, exactly, each counted once, never fewer than allowed. */
import type { RoundReleased } from "../../coordinator/run/events.ts";
import type { Checker, Watched } from "./checkers.ts";
import { integerSum, knownVector, sumHash } from "./vectors.ts";

export function checkSums({ seed, sum, dimension, ringBits }: Watched): Checker {
  let nextRound = 0;
  const check = ({ round, attempt, survivors, cohort, resultHash }: RoundReleased): string => {
    if (round !== nextRound) return `round ${round} released where ${nextRound} was due`;
    nextRound += 1;
    if (survivors.length < sum.survivorsMin)
      return `round ${round} opened over ${survivors.length} of at least ${sum.survivorsMin}`;
    const indices = survivors.map((id) => sum.roster.findIndex(({ memberId }) => memberId === id));
    if (new Set(indices).size !== indices.length || indices.includes(-1))
      return `round ${round} counts a member twice, or a stranger`;
    if (!survivors.every((id) => cohort.includes(id))) return "a survivor was not in the cohort";
    const vectors = indices.map((i) => knownVector(seed, i, attempt, dimension, ringBits));
    const exact = sumHash(integerSum(vectors, ringBits));
    return resultHash === exact ? "" : `the sum of round ${round} is not its survivors'`;
  };
  return (observed) => {
    if (observed.type !== "coordinator" || observed.event.type !== "roundReleased") return null;
    return check(observed.event) || null;
  };
}
