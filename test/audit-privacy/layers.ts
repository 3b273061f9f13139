/** EDGE: the layers that are measured here, each as rows of the audit's table. */
import { osRng } from "../../shared/edge/os.ts";
import { NOISE_COORDINATES_MIN, SCORE_MAX } from "../shared/privacy/statistics.ts";
import { inversion } from "./inversion.ts";
import { isSound, type NoiseAudit, noiseAudit } from "./noise.ts";
import { isFlagged, isRefuted, type OneRunAudit, oneRunAudit } from "./one-run.ts";
import { type PlantedBug, plantedBugs } from "./planted.ts";
import { ALL_PARTS } from "./random-model.ts";
import type { AuditRow } from "./report.ts";
import { sensitivityAudit } from "./sensitivity.ts";
import { DISTRIBUTED, type NoisedSetting, type OneRunPlan, SETTINGS, TEN } from "./settings.ts";
import { isAsClaimed } from "./sigma.ts";

export const ONE_RUN: OneRunPlan = { canaries: 5000, rounds: 20, samplingProbability: 0.5 };
/** As many as a category's limit allows: they refute ε = 1 where half of the noise is missing, 19 times of 20. */
const CANARIES_PLANTED = 10_000;
const NOISE_PLAN = { dimension: ONE_RUN.canaries, rounds: Math.ceil(NOISE_COORDINATES_MIN / 5000) };
/** Twice as many coordinates as it takes to catch 1.5 %. */
const LARGE_NOISE_PLAN = { dimension: 10_000, rounds: 24 };
const MODELS = 200;
const MODELS_PLANTED = 30;
/** z of at least 1 in a single round. */
const INVERSION_EPSILON = 6;
const INVERSIONS = 10;
const CORRELATION_MAX = 0.2;

type Say = (progress: string) => void;

const judged = (holds: boolean): AuditRow["verdict"] => (holds ? "holds" : "FAILS");
const fixed = (value: number, digits = 2): string => value.toFixed(digits);

export function sensitivityRows(seed: string): AuditRow[] {
  const { worst, worstCase, pairs, parts } = sensitivityAudit(MODELS, seed);
  const missed = ALL_PARTS.filter((part) => !parts.has(part));
  return [
    {
      layer: "3 sensitivity",
      what: `one customer more, ${MODELS} models, ${pairs} pairs; largest: ${worstCase}`,
      figure: `${fixed(worst, 4)} of G(1+η)+√d`,
      bound: "≤ 1",
      verdict: judged(worst <= 1 && missed.length === 0),
    },
  ];
}

export function noiseRows(seed: string, say: Say): AuditRow[] {
  const audits: [string, () => NoiseAudit][] = [
    [
      `${DISTRIBUTED.name}, noise of the operating system`,
      () => noiseAudit(DISTRIBUTED, { ...NOISE_PLAN, rng: osRng }, seed),
    ],
    [TEN.name, () => noiseAudit(TEN, LARGE_NOISE_PLAN, seed)],
    ...SETTINGS.slice(1)
      .filter(({ plan }) => !plan)
      .map((setting): [string, () => NoiseAudit] => [
        `${setting.name}, ε ${setting.epsilon}`,
        () => noiseAudit(setting, NOISE_PLAN, seed),
      ]),
  ];
  return audits.flatMap(([name, run], i) => {
    say(`noise of opened sums, ${i + 1} of ${audits.length}: ${name}`);
    return rowsOfNoise(name, run());
  });
}

function rowsOfNoise(name: string, audit: NoiseAudit): AuditRow[] {
  const { opened, uncolluded, repeats, wrongSums } = audit;
  const rows: AuditRow[] = [
    {
      layer: "4 noise",
      what: `${name}: σ of opened sums, n = ${opened.coordinates}`,
      figure: `× ${fixed(opened.ratio, 4)} (score ${fixed(opened.score, 1)})`,
      bound: `|score| ≤ ${SCORE_MAX}; 3 % off is caught`,
      verdict: judged(isAsClaimed(opened)),
    },
  ];
  if (uncolluded === null) return rows;
  rows.push({
    layer: "4 noise",
    what: `${name}: without the colluders' shares`,
    figure: `× ${fixed(uncolluded.ratio, 4)} of zS (score ${fixed(uncolluded.score, 1)})`,
    bound: `score ≥ −${SCORE_MAX}`,
    verdict: judged(uncolluded.score >= -SCORE_MAX),
  });
  rows.push({
    layer: "2 samplers",
    what: `${name}: stretches of 64 draws seen before; wrong sums`,
    figure: `${repeats}; ${wrongSums}`,
    bound: "0; 0",
    verdict: judged(repeats === 0 && wrongSums === 0),
  });
  return rows;
}

/** `runs` audits of the product as it is, over all settings: the bounds, and false alarms. */
export function oneRunRows(seed: string, runs: number, say: Say): AuditRow[] {
  const each = Math.ceil(runs / SETTINGS.length);
  const all = SETTINGS.map((setting, i) => {
    say(
      `one-run audits, ${i + 1} of ${SETTINGS.length} settings, ${each} runs each: ${setting.name}`,
    );
    const audits = Array.from({ length: each }, (_, run) =>
      oneRunAudit(setting, ONE_RUN, `${seed} ${i} ${run}`),
    );
    return { setting, audits };
  });
  const audits = all.flatMap((one) => one.audits);
  const alarms = audits.filter(isFlagged).length;
  return [
    ...all.map(({ setting, audits: own }) => rowOfOneRun(setting, own)),
    {
      layer: "5 canaries",
      what: `false alarms (ε refuted, or σ off) in ${audits.length} audits`,
      figure: `${alarms}`,
      bound: "0",
      verdict: judged(alarms === 0),
    },
  ];
}

function rowOfOneRun({ name, epsilon }: NoisedSetting, audits: readonly OneRunAudit[]): AuditRow {
  const highest = Math.max(...audits.map(({ gaussian }) => gaussian));
  const mean = (of: (audit: OneRunAudit) => number): string =>
    fixed(audits.reduce((sum, audit) => sum + of(audit), 0) / audits.length);
  const measured = `mean ${mean((a) => a.epsilon)} (f-DP ${mean((a) => a.gaussian)})`;
  return {
    layer: "5 canaries",
    what: `${name}: lower bound of ε, ${audits.length} runs of ${ONE_RUN.canaries}`,
    figure: `${measured}, highest ${fixed(highest)}`,
    bound: `claimed ε = ${epsilon}`,
    verdict: judged(!audits.some(isRefuted)),
  };
}

/** Each planted bug must be seen by some layer. */
export function plantedRows(seed: string, say: Say): AuditRow[] {
  const bugs = plantedBugs(DISTRIBUTED.members);
  return bugs.map((bug, i) => {
    say(`planted bugs, ${i + 1} of ${bugs.length}: ${bug.name}`);
    return plantedRow(bug, seed);
  });
}

function plantedRow(bug: PlantedBug, seed: string): AuditRow {
  const plan = { ...ONE_RUN, canaries: CANARIES_PLANTED };
  const oneRun = oneRunAudit(DISTRIBUTED, plan, `${seed} planted`, bug);
  const noise = noiseAudit(DISTRIBUTED, { ...NOISE_PLAN, bug }, seed);
  const { contribute } = bug.stepsOf(0);
  const { worst } = sensitivityAudit(contribute ? MODELS_PLANTED : 0, seed, {
    ...(contribute && { contribute }),
  });
  const layers = [
    ...(isRefuted(oneRun) ? ["canaries"] : []),
    ...(isSound(noise) ? [] : ["noise"]),
    ...(worst > 1 ? ["sensitivity"] : []),
  ];
  const moved = contribute
    ? `, moved × ${worst < 100 ? fixed(worst) : worst.toExponential(0)}`
    : "";
  return {
    layer: "3-5 planted",
    what: bug.name,
    figure: `ε ≥ ${fixed(oneRun.gaussian)} of ${oneRun.claimed}, σ × ${fixed(noise.opened.ratio)}, repeats ${noise.repeats}${moved}`,
    bound: layers.length > 0 ? `by ${layers.join(", ")}` : "by some layer",
    verdict: layers.length > 0 ? "caught" : "FAILS",
  };
}

export function inversionRows(seed: string, say: Say): AuditRow[] {
  say("gradient inversion");
  const plain = inversion(null, seed);
  const noised = Array.from({ length: INVERSIONS }, (_, i) =>
    inversion(INVERSION_EPSILON, `${seed} ${i}`),
  );
  const worst = Math.max(...noised.map(({ correlation }) => correlation));
  const z = noised[0]?.noiseMultiplier ?? 0;
  return [
    {
      layer: "6 inversion",
      what: "no noise, a sum of one customer: largest error of x = dW/db",
      figure: plain.worstError.toExponential(1),
      bound: "< 1e-4: recovered",
      verdict: judged(plain.worstError < 1e-4),
    },
    {
      layer: "6 inversion",
      what: `z = ${fixed(z)}: largest correlation with x in ${INVERSIONS} tries`,
      figure: fixed(worst, 3),
      bound: `< ${CORRELATION_MAX}`,
      verdict: judged(worst < CORRELATION_MAX && z >= 1),
    },
  ];
}
