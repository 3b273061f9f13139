/** EDGE: one audited run with canaries: what it refutes of the claimed ε, and what the left-out canaries say of the noise. */
import { attack, type EpsilonBounds } from "./attack.ts";
import {
  canaryData,
  canarySchema,
  canaryState,
  canaryTask,
  coordinateOf,
  NO_CANARIES,
  tossCoins,
} from "./canaries.ts";
import type { PlantedBug } from "./planted.ts";
import { claimedStdDev, openedGradient } from "./released.ts";
import { type AuditRoom, auditRoom, DELTA, playAudited } from "./room.ts";
import type { NoisedSetting, OneRunPlan } from "./settings.ts";
import { checkSigma, isAsClaimed, type SigmaCheck } from "./sigma.ts";

export interface OneRunAudit extends EpsilonBounds {
  readonly claimed: number;
  /** Noise at the coordinates of canaries that were left out. */
  readonly sigma: SigmaCheck;
}

/** @param bug Left out: the product as it is. */
export function oneRunAudit(
  setting: NoisedSetting,
  ordinary: OneRunPlan,
  seed: string,
  bug?: PlantedBug,
): OneRunAudit {
  const plan = { ...ordinary, ...setting.plan, ...bug?.plan };
  const { canaries } = plan;
  const task = canaryTask(setting, plan);
  const room = auditRoom(setting, canarySchema(canaries), task, canaries / 2, seed);
  const included = tossCoins(canaries, seed);
  const rounds = seenRounds(room, included, bug);
  const bounds = attack(rounds, included, DELTA);
  const sigma = checkSigma(leftOut(rounds, included), claimedStdDev(room, room.honest));
  return { ...bounds, claimed: setting.epsilon, sigma };
}

/** A claim that is refuted, or noise of another size than claimed. */
export function isFlagged(audit: OneRunAudit): boolean {
  return isRefuted(audit) || !isAsClaimed(audit.sigma);
}

/** Either bound alone holds with the audit's significance; both come from the same guesses, nested. */
export function isRefuted({ epsilon, gaussian, claimed }: OneRunAudit): boolean {
  return Math.max(epsilon, gaussian) > claimed;
}

/** The opened sum at every canary's coordinate, in units of the clipping bound, positive for presence. */
function seenRounds(room: AuditRoom, included: Uint8Array, bug?: PlantedBug): Float64Array[] {
  const { context, honest } = room;
  const begin = canaryState(context);
  const rounds: Float64Array[] = [];
  let { clipNorm } = begin;
  playAudited(room, {
    begin,
    dataOf: (index) => (index < honest ? canaryData(included, index, honest) : NO_CANARIES),
    ...(bug && { stepsOf: bug.stepsOf }),
    onState: (state) => {
      const gradient = openedGradient(room, state, clipNorm);
      ({ clipNorm } = state);
      const first = coordinateOf(context, 0);
      rounds.push(gradient.subarray(first, first + included.length).map((value) => -value));
    },
  });
  return rounds;
}

function* leftOut(rounds: readonly Float64Array[], included: Uint8Array): Generator<number> {
  for (const seen of rounds)
    for (let i = 0; i < seen.length; i++) if (included[i] === 0) yield seen[i] ?? 0;
}
