/** What a regression comes to: its coefficients, how well it fits, and what the numbers mean. Pure. */

import { assert } from "../../../shared/base/assert.ts";
import { counted } from "../../../shared/base/counted.ts";
import type { Answer, Cell, Column, Table } from "../../answers/answer.ts";
import { Z_95 } from "../../answers/estimate.ts";
import {
  akaike,
  type Coefficient,
  coefficientsOf,
  dispersionOf,
  type Estimated,
  PLAIN_RESPONSE,
  samplingCovariance,
} from "../../glm/inference.ts";
import { nullModel } from "../../glm/newton.ts";
import { estimatedFrom, heardColumns, noisedDispersion, solveRounds } from "../../glm/noised.ts";
import { readFit, readStart } from "../../glm/read-sums.ts";
import { cellMinOf } from "../cell-min.ts";
import { noisedRound } from "./noised.ts";
import { type GlmContext, problemOf, responseUnit, targetOf } from "./problem.ts";
import type { GlmState } from "./state.ts";

const NAMES = { logistic: "Logistic", linear: "Linear", poisson: "Poisson" } as const;

/** Of a fit, before its coefficients are told: them, its figures, and what there is to remark. */
interface Told {
  readonly estimated: Estimated;
  readonly figures: readonly (readonly [string, Cell])[];
  readonly notes: readonly string[];
}

/** @param state One that is over. @returns Null where it has failed. */
export function answer(context: GlmContext, state: GlmState): Answer | null {
  if (state.failure !== null || state.start === null) return null;
  const told = context.noise === null ? exactFit(context, state) : noisedFit(context, state);
  const { family, design } = problemOf(context);
  const isPerUnit = context.spec.per === "unit";
  const columns = isPerUnit
    ? design.columns
    : design.columns.map((one) => ({ ...one, centre: 0, halfWidth: 1 }));
  const response = isPerUnit ? responseUnit(context) : { ...PLAIN_RESPONSE };
  const coefficients = coefficientsOf(columns, response, told.estimated);
  return {
    title: `${NAMES[family]} regression of ${targetOf(context)}`,
    tables: [
      coefficientTable(context, coefficients, told.estimated),
      {
        name: "Fit",
        columns: [
          { name: "figure", kind: "text" },
          { name: "value", kind: "number" },
        ],
        rows: told.figures,
      },
    ],
    charts: [],
    notes: [...meaningNotes(context, coefficients), ...told.notes],
  };
}

function coefficientTable(
  context: GlmContext,
  coefficients: readonly (Coefficient | null)[],
  { degrees, noise }: Estimated,
): Table {
  const { family, design } = problemOf(context);
  const ratio = { logistic: "odds ratio", poisson: "rate ratio", linear: null }[family];
  const columns: Column[] = [
    { name: "column", kind: "text" },
    { name: "coefficient", kind: "number" },
    { name: "standard error", kind: "number" },
    { name: Number.isFinite(degrees) ? "t" : "z", kind: "number" },
    { name: "p", kind: "probability" },
  ];
  if (ratio) columns.push({ name: ratio, kind: "number" });
  if (noise) columns.push({ name: "without noise", kind: "number" });
  const rows = coefficients.map((one, j): Cell[] => {
    const name = design.columns[j]?.name ?? "";
    if (one === null) return columns.map((_, k) => (k === 0 ? name : null));
    const { value, low, high, standardError, statistic, pValue } = one;
    const row: Cell[] = [name, { value, low, high }, standardError, statistic, pValue];
    if (ratio) row.push({ value: Math.exp(value), low: Math.exp(low), high: Math.exp(high) });
    const half = Z_95 * one.noiseError;
    if (noise) row.push({ value, low: value - half, high: value + half });
    return row;
  });
  return { name: "Coefficients", columns, rows };
}

function exactFit(context: GlmContext, { fit, start, rounds, done }: GlmState): Told {
  const problem = problemOf(context);
  const { family, design } = problem;
  const [last] = rounds;
  assert(fit !== null && start !== null && last !== undefined, "a fit that is over has settled");
  const begun = readStart(problem, design.columns.length, start);
  const sums = readFit(problem, design.columns.length, last.sums);
  const { used, beta } = fit;
  const { ridge } = context.spec;
  const { dispersion, degrees } = dispersionOf(family, sums.deviance, sums.rows, used.length);
  const sampling = samplingCovariance(sums, used, ridge, dispersion);
  const estimated = { used, beta, sampling, noise: null, drowned: [], degrees };
  // Squares of a linear target are in its own unit.
  const unit = responseUnit(context).halfWidth ** 2;
  const isSame = sums.rows === begun.rows;
  const alone = isSame ? nullModel(family, begun).deviance : null;
  const deviance = unit * sums.deviance;
  const saturated = family === "poisson" ? begun.saturated : 0;
  const likelihood = { deviance, rows: sums.rows, columns: used.length, saturated };
  const figures: [string, Cell][] = [
    ["rows", sums.rows],
    ["coefficients", used.length],
    ["deviance", deviance],
    ["deviance of the mean alone", alone && unit * alone],
    ["share of it explained", alone && 1 - sums.deviance / alone],
    ["AIC", isSame && ridge === 0 ? akaike(family, likelihood) : null],
    ["rounds", done],
  ];
  if (family === "linear")
    figures.push(["residual standard deviation", Math.sqrt(unit * dispersion)]);
  const heldBack = last.sums.at(-1) ?? 0;
  const notes = isSame
    ? []
    : [
        `members came or went during the fit: it is of the ${counted(sums.rows, "row")} of the last round, and the first had ${begun.rows}`,
      ];
  if (heldBack > 0) {
    const cellMin = cellMinOf(context);
    const who = counted(heldBack, "member");
    notes.push(`${who} with fewer than ${counted(cellMin, "unit")} taking part held them back`);
  }
  return { estimated, figures, notes };
}

function noisedFit(context: GlmContext, { start, rounds, noised, done }: GlmState): Told {
  assert(start !== null, "a fit that is over has begun");
  const { family, design } = problemOf(context);
  const isLinear = family === "linear";
  const zero = new Float64Array(design.columns.length);
  const { opened, noise } = noisedRound(context, isLinear ? [{ beta: zero, sums: start }] : rounds);
  const [first] = opened;
  assert(first !== undefined, "a fit that is over has had a round");
  const used = isLinear ? heardColumns(first, noise) : (noised?.used ?? []);
  const solved = solveRounds(opened, used, noise, context.spec.ridge);
  const squares = start.at(-1) ?? 0;
  const left = isLinear ? noisedDispersion(solved, first, squares, noise) : KNOWN;
  const unit = responseUnit(context).halfWidth;
  const figures: [string, Cell][] = [
    ["rows, about", Math.round(isLinear ? (first.information[0] ?? 0) : (start[0] ?? 0))],
    ["coefficients", used.length],
    ["rounds", done],
  ];
  if (isLinear)
    figures.push([
      "residual standard deviation",
      left.isSure ? unit * Math.sqrt(left.dispersion) : null,
    ]);
  return {
    estimated: estimatedFrom(solved, left),
    figures,
    notes: noiseNotes(solved.drowned.length > 0, solved.isSettled, left.isSure),
  };
}

const KNOWN = { dispersion: 1, degrees: Number.POSITIVE_INFINITY, isSure: true };

function noiseNotes(hasDrowned: boolean, isSettled: boolean, isSure: boolean): string[] {
  const notes = [
    "intervals and standard errors are of sampling and noise together; of the coefficients that these rows would have without noise, the last column says where they are, in 95 of 100 questions",
  ];
  if (hasDrowned)
    notes.push(
      "coefficients that the noise drowns are left out: ask with fewer columns, of more rows, or with less noise",
    );
  if (!isSettled)
    notes.push(
      "the rounds had not come near the fit when they ended, so intervals may be too narrow: ask for more rounds",
    );
  if (!isSure)
    notes.push(
      "the noise is as large as what the fit leaves of the target: its spread is not known, and is taken for no less than the noise",
    );
  return notes;
}

function meaningNotes(
  { spec, schema }: GlmContext,
  coefficients: readonly (Coefficient | null)[],
): string[] {
  const { columns } = problemOf({ spec, schema }).design;
  const notes: string[] = [];
  const sources = problemOf({ spec, schema }).design.sources;
  const references = sources.flatMap((source) =>
    source.kind === "category"
      ? [`${source.name} = ${source.categories[source.reference - 1]}`]
      : [],
  );
  if (references.length > 0) notes.push(`categories are compared with ${references.join(", ")}`);
  if (columns.some(({ kind }) => kind === "missing"))
    notes.push(
      "a missing number is taken for the middle of its declared range, and its absence has a coefficient of its own",
    );
  if (spec.per === "halfRange")
    notes.push(
      "coefficients are per half of a column's declared range, and the intercept is that in the middle of all of them",
    );
  if (spec.ridge > 0)
    notes.push(
      `coefficients are drawn towards 0 by ridge ${spec.ridge}; standard errors do not count that`,
    );
  const absent = columns.filter((_, j) => coefficients[j] === null).map(({ name }) => name);
  if (absent.length > 0) notes.push(`no coefficient, for want of rows: ${absent.join(", ")}`);
  return notes;
}
