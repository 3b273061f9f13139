/**
 * One member's set while another, or its owner, has it: taken in chunk by chunk, masked, and once it is whole shuffled,
 * to be passed on. Pure: randomness is an argument.
 */
import { assert } from "../base/assert.ts";
import type { Rng } from "../base/env.ts";
import { POINT_BYTES } from "./curve.ts";
import { chunkCount, type MatchParams } from "./params.ts";
import { RowNumbers, shuffleRows } from "./rows.ts";

export class PassingSet {
  readonly owner: number;
  readonly #params: MatchParams;
  readonly #rng: Rng;
  /** Points that differ by one of low order are the same once masked: so repeated ones are looked for here. */
  #points: RowNumbers | null = null;
  #arrived = 0;
  #masked = 0;
  #shuffled: Uint8Array | null = null;

  constructor(params: MatchParams, owner: number, rng: Rng) {
    this.owner = owner;
    this.#params = params;
    this.#rng = rng;
  }

  /** Chunks that have come, and that are masked. */
  get arrived(): number {
    return this.#arrived;
  }

  get masked(): number {
    return this.#masked;
  }

  /** @returns Whether this was the last chunk. */
  arrive(): boolean {
    this.#arrived++;
    return this.#arrived === chunkCount(this.#params);
  }

  /** Takes a chunk's masked points, in any order of chunks. @returns False if a point is here already. */
  put(points: Uint8Array): boolean {
    const { setSize } = this.#params;
    this.#points ??= new RowNumbers(POINT_BYTES, setSize, this.#rng);
    const count = this.#points.count + points.length / POINT_BYTES;
    this.#points.add(points);
    if (this.#points.count !== count) return false;
    this.#masked++;
    if (count === setSize) this.#shuffle(this.#points.rows);
    return true;
  }

  /** Once, and never again: what is sent a second time is the same, or its order would tell. */
  #shuffle(points: Uint8Array): void {
    assert(this.#shuffled === null, "a set is shuffled once");
    this.#shuffled = shuffleRows(points, POINT_BYTES, this.#rng);
    points.fill(0);
    this.#points = null;
  }

  /** All points in their new order; null while some are not masked. */
  get shuffled(): Uint8Array | null {
    return this.#shuffled;
  }

  /** The chunk at `index` of the new order. */
  chunk(index: number): Uint8Array {
    assert(this.#shuffled !== null, "a set is passed on once it is whole");
    const width = this.#params.chunkPoints * POINT_BYTES;
    return this.#shuffled.slice(index * width, (index + 1) * width);
  }

  /** Somebody else has it now. */
  letGo(): void {
    this.#shuffled?.fill(0);
    this.#shuffled = null;
  }
}
