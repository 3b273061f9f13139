/** What the plain engine asks of a model's shape: passes over one chunk of rows, in doubles, ghost norms. Pure types. */
import type { EncodedData } from "../data.ts";
import type { Params, Scaling } from "./backend.ts";
import type { Head } from "./head.ts";

/** Buffers of `rowCapacity` rows and what is computed in them; every method overwrites them and nothing else. */
export interface Chunk {
  readonly rowCapacity: number;
  /** Reads the outputs that `forward` left, and writes the derivatives by them that `backward` begins with. */
  readonly head: Head;
  load(params: Params, scaling: Scaling): void;
  /** Takes rows[from] … rows[to − 1] in, at most `rowCapacity`. */
  gather(data: EncodedData, rows: Uint32Array, from: number, to: number): void;
  /** The outputs of the first `count` rows. @param seeds What each row's dropout is drawn by; null: nothing is dropped. */
  forward(count: number, seeds: Uint32Array | null): void;
  /** Linear in the outputs' derivatives, so rows may be weighted before it. */
  backward(count: number): void;
  /** An upper bound, tight but for rounding, of the squared ℓ2 norm of the gradient summed over rows from … to − 1. */
  squaredNorm(from: number, to: number): number;
  /** Multiplies a row's part of the gradient. 0 also clears what is not a number. */
  scaleRow(row: number, factor: number): void;
  /** gradient += Σ over the first `count` rows. Shape [paramCount]. */
  addGradient(gradient: Float64Array, count: number): void;
}
