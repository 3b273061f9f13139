/** The coordinator's state of a regression, and its exact byte form for the store. Pure. */
import { bytesToFloat64, float64ToBytes } from "../../../shared/base/bytes.ts";
import { badInput, CloisterError } from "../../../shared/base/errors.ts";
import type { Accepted, Fit } from "../../glm/newton.ts";
import { type Reader, readerOf } from "../../trees/codec.ts";
import type { Failure } from "../task.ts";
import { type GlmContext, problemOf } from "./problem.ts";

export interface GlmState {
  readonly done: number;
  /** Rounds that there are at most; those that there were, once it is over. */
  readonly total: number;
  /** The opened sums of the start, as read; null before. */
  readonly start: Float64Array | null;
  /** Rounds since: the last one only where there is no noise, all of them where there is. */
  readonly rounds: readonly GlmRound[];
  /** How far a fit without noise has come. */
  readonly fit: Fit | null;
  /** Where the next noised round is taken, by which columns. */
  readonly noised: { readonly beta: Float64Array; readonly used: readonly number[] } | null;
  readonly failure: Failure | null;
}

export interface GlmRound {
  /** Where the sums were taken. Shape [p]. */
  readonly beta: Float64Array;
  readonly sums: Float64Array;
}

const FORMAT = 1;
/** More numbers than any vector of a state has. */
const LENGTH_MAX = 2 ** 31;
const TEXT_MAX = 10_000;

/** Doubles, little-endian; a vector after its length, 0 for none. */
export function encodeState(state: GlmState): Uint8Array {
  const { done, total, start, rounds, fit, noised, failure } = state;
  const out: number[] = [FORMAT, done, total];
  pushVector(out, start ?? []);
  out.push(rounds.length);
  for (const { beta, sums } of rounds) {
    pushVector(out, beta);
    pushVector(out, sums);
  }
  out.push(fit ? 1 : 0);
  if (fit) pushFit(out, fit);
  out.push(noised ? 1 : 0);
  if (noised) {
    pushVector(out, noised.beta);
    pushVector(out, noised.used);
  }
  pushText(out, failure?.code ?? "");
  pushText(out, failure?.message ?? "");
  return float64ToBytes(Float64Array.from(out));
}

function pushFit(out: number[], { used, beta, step, accepted, halvings, isSettled }: Fit): void {
  pushVector(out, used);
  pushVector(out, beta);
  pushVector(out, step);
  out.push(halvings, isSettled ? 1 : 0, accepted ? 1 : 0);
  if (!accepted) return;
  pushVector(out, accepted.beta);
  out.push(accepted.objective, accepted.rows, accepted.decrement);
}

function pushVector(out: number[], values: ArrayLike<number>): void {
  out.push(values.length);
  for (let i = 0; i < values.length; i++) out.push(values[i] ?? 0);
}

function pushText(out: number[], text: string): void {
  pushVector(out, new TextEncoder().encode(text));
}

/** @throws {CloisterError} If the bytes are not a state of this regression. */
export function decodeState(context: GlmContext, bytes: Uint8Array): GlmState {
  try {
    if (bytes.length % 8 !== 0) throw badInput("task.state-unreadable", "It is cut short.");
    const values = bytesToFloat64(bytes);
    const reader = readerOf(values);
    const state = readState(problemOf(context).design.columns.length, reader);
    if (reader.at !== values.length) throw badInput("task.state-unreadable", "It is too long.");
    return state;
  } catch (error) {
    if (!(error instanceof CloisterError)) throw error;
    const message = "The stored state is not one of this regression.";
    throw badInput("task.state-unreadable", message, error);
  }
}

function readState(width: number, reader: Reader): GlmState {
  reader.whole(FORMAT, FORMAT);
  const [done, total] = [reader.whole(0, LENGTH_MAX), reader.whole(0, LENGTH_MAX)];
  const start = readVector(reader);
  const rounds = Array.from({ length: reader.whole(0, done) }, () => ({
    beta: readVector(reader, width),
    sums: readVector(reader),
  }));
  const fit = flag(reader) ? readFit(reader, width) : null;
  const noised = flag(reader)
    ? { beta: readVector(reader, width), used: readColumns(reader, width) }
    : null;
  const [code, message] = [readText(reader), readText(reader)];
  const failure = code === "" ? null : { code, message };
  return { done, total, start: start.length === 0 ? null : start, rounds, fit, noised, failure };
}

function readFit(reader: Reader, width: number): Fit {
  const used = readColumns(reader, width);
  const [beta, step] = [readVector(reader, width), readVector(reader, width)];
  const halvings = reader.whole(0, LENGTH_MAX);
  const isSettled = flag(reader);
  const accepted = flag(reader) ? readAccepted(reader, width) : null;
  return { used, beta, step, accepted, halvings, isSettled };
}

function readAccepted(reader: Reader, width: number): Accepted {
  const beta = readVector(reader, width);
  const [objective, rows] = [reader.finite(), reader.finite()];
  return { beta, objective, rows, decrement: reader.finite() };
}

function readColumns(reader: Reader, width: number): number[] {
  return Array.from({ length: reader.whole(0, width) }, () => reader.whole(0, width - 1));
}

/** @param length Which it must have. */
function readVector(reader: Reader, length?: number): Float64Array {
  const count = reader.whole(length ?? 0, length ?? LENGTH_MAX);
  const values: number[] = [];
  while (values.length < count) values.push(reader.finite());
  return Float64Array.from(values);
}

function readText(reader: Reader): string {
  const length = reader.whole(0, TEXT_MAX);
  const bytes = Array.from({ length }, () => reader.whole(0, 255));
  return new TextDecoder().decode(Uint8Array.from(bytes));
}

function flag(reader: Reader): boolean {
  return reader.whole(0, 1) === 1;
}
