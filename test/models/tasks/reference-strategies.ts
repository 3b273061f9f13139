/**
 * Plain full-batch versions of the strategies' papers, over members of one size: FedAvg, FedProx (Li et al. 2020,
 * algorithm 2, solved by gradient descent) and SCAFFOLD (Karimireddy et al. 2020, algorithm 1, option II, as printed:
 * members send the change of their own control variate). Doubles throughout.
 */
import type { EncodedData } from "../../../models/data.ts";
import type { Scaling, TrainerBackend } from "../../../models/engine/backend.ts";

export interface Problem {
  readonly backend: TrainerBackend;
  readonly scaling: Scaling;
  readonly members: readonly EncodedData[];
}

export interface Steps {
  readonly rounds: number;
  /** Local steps a round. */
  readonly steps: number;
  /** The local step size of a round. */
  readonly rate: (round: number) => number;
}

const add = (a: Float64Array, b: Float64Array, factor: number): Float64Array =>
  a.map((x, i) => x + factor * (b[i] ?? 0));

const mean = (vectors: readonly Float64Array[]): Float64Array =>
  vectors.reduce((sum, vector) => add(sum, vector, 1 / vectors.length), zeros(vectors[0]));

const zeros = (like: Float64Array | undefined): Float64Array => new Float64Array(like?.length ?? 0);

export function gradientOf(
  { backend, scaling }: Problem,
  params: Float64Array,
  data: EncodedData,
): Float64Array {
  const rows = Uint32Array.from({ length: data.rowCount }, (_, row) => row);
  return backend.meanGradient(params, scaling, data, rows).gradient;
}

/** Gradient descent on everybody's rows in one place: where the strategies ought to go. */
export function pooled(problem: Problem, start: Float64Array, steps: number, rate: number) {
  let x = start;
  for (let t = 0; t < steps; t++) {
    const at = x;
    x = add(x, mean(problem.members.map((data) => gradientOf(problem, at, data))), -rate);
  }
  return x;
}

/** With `proximal` 0 it is FedAvg. */
export function fedProx(
  problem: Problem,
  start: Float64Array,
  { rounds, steps, rate }: Steps,
  proximal: number,
): Float64Array {
  let x = start;
  for (let t = 0; t < rounds; t++) {
    const server = x;
    const ends = problem.members.map((data) => {
      let w = server;
      for (let k = 0; k < steps; k++) {
        const pull = add(w, server, -1);
        w = add(add(w, gradientOf(problem, w, data), -rate(t)), pull, -rate(t) * proximal);
      }
      return w;
    });
    x = mean(ends);
  }
  return x;
}

export function scaffold(
  problem: Problem,
  start: Float64Array,
  { rounds, steps, rate }: Steps,
  serverRate: number,
): Float64Array {
  const count = problem.members.length;
  let x = start;
  let c = zeros(start);
  const own = problem.members.map(() => zeros(start));
  for (let t = 0; t < rounds; t++) {
    const moves: Float64Array[] = [];
    let change = zeros(start);
    for (const [k, data] of problem.members.entries()) {
      const ci = own[k] ?? zeros(start);
      let y = x;
      for (let s = 0; s < steps; s++)
        y = add(add(add(y, gradientOf(problem, y, data), -rate(t)), ci, rate(t)), c, -rate(t));
      const next = add(add(ci, c, -1), add(x, y, -1), 1 / (steps * rate(t)));
      moves.push(add(y, x, -1));
      change = add(change, add(next, ci, -1), 1);
      own[k] = next;
    }
    x = add(x, mean(moves), serverRate);
    c = add(c, change, 1 / count);
  }
  return x;
}
