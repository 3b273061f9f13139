/**
 * The planner: what a training run under differential privacy would cost and be worth, before anything
 * is spent. Pure; reads no record.
 */
import { type Cohort, noiseInflation } from "../mechanism/noise-share.ts";
import { rdpLimit } from "./budget.ts";
import { calibrateNoiseMultiplier } from "./calibrate.ts";
import { sampledGaussian } from "./events.ts";
import { type AcrossMembers, acrossMembers } from "./group.ts";
import { pldAccountant } from "./pld/accountant.ts";
import { epsilonAtOrder, rdpSampledGaussian } from "./rdp.ts";

export interface OutlookParams {
  readonly epsilon: number;
  readonly delta: number;
  /** Of all members' training partitions together: a public estimate. */
  readonly unitsExpected: number;
  /** T: training rounds. */
  readonly rounds: number;
  /** q. Left out: such that a round has max(256, 2 % of the units). */
  readonly samplingProbability?: number | undefined;
  /** d: coordinates of the released vector. */
  readonly dimension: number;
  readonly cohort: Cohort;
  /** Rényi order of the budget. Left out: the best for this plan. */
  readonly rdpOrder?: number | undefined;
  /** ε of the budget that the run is paid from, at the same δ and order. */
  readonly budgetEpsilon?: number | undefined;
}

export interface Outlook extends Worth {
  readonly samplingProbability: number;
  /** z that the ledger's filter demands. */
  readonly noiseMultiplier: number;
  readonly rdpOrder: number;
  /** ε after some rounds: by the filter that enforces, and by the tightest accountant. */
  readonly course: readonly { round: number; epsilonFilter: number; epsilonPld: number }[];
  /** After all rounds, for somebody with records at several members. */
  readonly acrossMembers: readonly AcrossMembers[];
  /** Which part of that budget the run takes; null where none is named. More than 1: it is refused. */
  readonly budgetShare: number | null;
}

/** What decides the worth of a plan: as in `OutlookParams`, with the noise that it was calibrated to. */
type WorthParams = Pick<OutlookParams, "unitsExpected" | "rounds" | "dimension" | "cohort"> &
  Pick<Outlook, "noiseMultiplier" | "samplingProbability">;

export interface Worth {
  readonly unitsPerRound: number;
  /** Standard deviation of the mean gradient's noise in one coordinate, in clip norms. */
  readonly noisePerCoordinate: number;
  /** A mean gradient half as long as the clip norm, spread over all coordinates: one of them, in clip norms. */
  readonly signalPerCoordinate: number;
  /** √T · signal / noise: what rounds add up to, where they agree on the direction. */
  readonly signalToNoise: number;
  readonly verdict: "good" | "noisy" | "poor" | "hopeless";
}

/** Typical length of the mean clipped gradient, as a share of the clip norm. */
const SIGNAL = 0.5;
/** From our own runs (`npm run utility`) and the design's table for Adult: docs/privacy.md, "Planning". */
const LIMITS = { good: 20, noisy: 4, poor: 1 } as const;
const UNITS_PER_ROUND_MIN = 256;
const SHARE_PER_ROUND = 0.02;

/**
 * @throws {CloisterError} `privacy.target-unreachable` @see calibrateNoiseMultiplier
 * @throws {CloisterError} `privacy.too-few-members` @see noiseInflation
 */
export function outlook(params: OutlookParams): Outlook {
  const { epsilon, delta, unitsExpected, rounds, dimension, cohort } = params;
  const usual = Math.max(UNITS_PER_ROUND_MIN / unitsExpected, SHARE_PER_ROUND);
  const samplingProbability = Math.min(1, params.samplingProbability ?? usual);
  const target = { epsilon, delta, samplingProbability, roundCount: rounds };
  const order = params.rdpOrder === undefined ? {} : { order: params.rdpOrder };
  const calibrated = calibrateNoiseMultiplier({ ...target, ...order });
  const { noiseMultiplier, order: rdpOrder } = calibrated;
  const perRound = rdpSampledGaussian(samplingProbability, noiseMultiplier, rdpOrder);
  const event = sampledGaussian(samplingProbability, noiseMultiplier);
  return {
    samplingProbability,
    noiseMultiplier,
    rdpOrder,
    acrossMembers: acrossMembers([{ event, count: rounds }], delta, cohort.memberCount),
    budgetShare: budgetShare(params, rounds * perRound, rdpOrder),
    course: courseOf({ samplingProbability, noiseMultiplier, rdpOrder, perRound, rounds, delta }),
    ...worthOf({ noiseMultiplier, samplingProbability, unitsExpected, rounds, dimension, cohort }),
  };
}

/** What a plan's noise leaves of its signal, once the noise is known. */
export function worthOf({
  noiseMultiplier,
  samplingProbability,
  unitsExpected,
  rounds,
  dimension,
  cohort,
}: WorthParams): Worth {
  const unitsPerRound = samplingProbability * unitsExpected;
  const noisePerCoordinate = (noiseMultiplier * noiseInflation(cohort)) / unitsPerRound;
  const signalPerCoordinate = SIGNAL / Math.sqrt(dimension);
  const signalToNoise = (Math.sqrt(rounds) * signalPerCoordinate) / noisePerCoordinate;
  const verdict = verdictOf(signalToNoise);
  return { unitsPerRound, noisePerCoordinate, signalPerCoordinate, signalToNoise, verdict };
}

function verdictOf(signalToNoise: number): Outlook["verdict"] {
  if (signalToNoise >= LIMITS.good) return "good";
  if (signalToNoise >= LIMITS.noisy) return "noisy";
  return signalToNoise >= LIMITS.poor ? "poor" : "hopeless";
}

function budgetShare(
  { budgetEpsilon: epsilon, delta }: OutlookParams,
  rdp: number,
  rdpOrder: number,
): number | null {
  if (epsilon === undefined) return null;
  const limit = rdpLimit({ epsilon, delta, rdpOrder });
  return limit > 0 ? rdp / limit : Number.POSITIVE_INFINITY;
}

interface Course {
  readonly samplingProbability: number;
  readonly noiseMultiplier: number;
  readonly rdpOrder: number;
  /** Divergence of one round at that order. */
  readonly perRound: number;
  readonly rounds: number;
  readonly delta: number;
}

function courseOf(course: Course): Outlook["course"] {
  const { samplingProbability, noiseMultiplier, rdpOrder, perRound, rounds, delta } = course;
  const event = sampledGaussian(samplingProbability, noiseMultiplier);
  const at = new Set(
    [1, rounds / 4, rounds / 2, rounds].map((round) => Math.max(1, Math.round(round))),
  );
  return [...at].map((round) => ({
    round,
    epsilonFilter: epsilonAtOrder(round * perRound, delta, rdpOrder),
    epsilonPld: pldAccountant()
      .compose({ kind: "selfComposed", event, count: round })
      .getEpsilon(delta),
  }));
}
