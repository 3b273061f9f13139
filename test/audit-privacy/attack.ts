/**
 * The attacker of a one-run audit: from what the coordinator saw of every canary's coordinate, round by round, it
 * guesses who was in. Two attackers share the significance: one adds the rounds up, the other looks for
 * coordinates that move from round to round, which tells all where noise repeats. Pure.
 *
 * @see Steinke, Nasr and Jagielski, Privacy Auditing with One (1) Training Run, NeurIPS 2023, algorithm 1.
 */
import {
  type Guesses,
  oneRunEpsilonLowerBound,
  oneRunEpsilonLowerBoundGaussian,
} from "../../shared/privacy/audit/one-run.ts";

/** Of the audit as a whole: a sound implementation exceeds its claim in at most one audit of twenty. */
export const SIGNIFICANCE = 0.05;
/** Share of the canaries guessed to be in, and as many out; about the rest the attacker keeps silent. */
const GUESSED = 0.05;

export interface EpsilonBounds {
  /** Refuted for any mechanism. */
  readonly epsilon: number;
  /** Refuted for one as private as a Gaussian: the tighter bound, and what is held against the claim. */
  readonly gaussian: number;
  /** The better attacker's guesses. */
  readonly seen: Guesses;
}

/**
 * @param rounds Σ over members at every canary's coordinate, positive for presence. Each of shape [canaries].
 * @param included Shape [canaries].
 */
export function attack(
  rounds: readonly Float64Array[],
  included: Uint8Array,
  delta: number,
): EpsilonBounds {
  const attackers = [
    { scores: sums(rounds), significance: 0.9 * SIGNIFICANCE },
    // Noise that repeats tells so much that little is needed to see it.
    { scores: spreads(rounds), significance: 0.1 * SIGNIFICANCE },
  ];
  const bounds = attackers.map(({ scores, significance }) => {
    const seen = guess(scores, included);
    return {
      epsilon: oneRunEpsilonLowerBound(seen, significance, delta),
      gaussian: oneRunEpsilonLowerBoundGaussian(seen, significance, delta),
      seen,
    };
  });
  return bounds.reduce((best, next) => (next.gaussian > best.gaussian ? next : best));
}

/** The canaries of highest score are in, those of lowest are out. */
export function guess(scores: Float64Array, included: Uint8Array): Guesses {
  const order = Uint32Array.from(scores.keys()).sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0));
  const each = Math.max(1, Math.round(GUESSED * scores.length));
  let correct = 0;
  for (let i = 0; i < each; i++) {
    if (included[order[i] ?? 0] === 1) correct += 1;
    if (included[order[order.length - 1 - i] ?? 0] === 0) correct += 1;
  }
  return { canaries: scores.length, guesses: 2 * each, correct };
}

function sums(rounds: readonly Float64Array[]): Float64Array {
  const scores = new Float64Array(rounds[0]?.length ?? 0);
  for (const seen of rounds)
    for (const [i, value] of seen.entries()) scores[i] = (scores[i] ?? 0) + value;
  return scores;
}

/** Σ over rounds of the squared distance from the rounds' mean. */
function spreads(rounds: readonly Float64Array[]): Float64Array {
  const means = sums(rounds).map((sum) => sum / rounds.length);
  const scores = new Float64Array(means.length);
  for (const seen of rounds) {
    for (const [i, value] of seen.entries()) {
      scores[i] = (scores[i] ?? 0) + (value - (means[i] ?? 0)) ** 2;
    }
  }
  return scores;
}
