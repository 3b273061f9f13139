/**
 * What a member carries from round to round of one run: its control variate and its personal layers. It stays in the
 * member's own process (personal layers also in a file of its own) and is never part of a vector. Pure.
 *
 * A round may be asked several times until one attempt succeeds, and a member is not told which did. So that a
 * repeated ask gives the same answer, what a round leaves counts only once another round asks: one whose input differs.
 */

/** One run's. Changed by the member's half of the task; empty at first, and after a restart. */
export interface MemberMemory {
  /** The member's place in the roster. */
  readonly index: number;
  last: {
    readonly input: Float32Array;
    readonly before: Carried;
    readonly after: Carried;
  } | null;
}

export interface Carried {
  /** c_i of SCAFFOLD. Shape [sharedCount]; null: none yet. */
  readonly control: Float32Array | null;
  /** The last layers' parameters. Shape [paramCount − sharedCount]; null: none yet. */
  readonly personal: Float32Array | null;
}

/** @param index The member's place in the roster; most tasks do not look at it. */
export function newMemory(index = 0): MemberMemory {
  return { index, last: null };
}

const NOTHING: Carried = { control: null, personal: null };

/** What a round with this input starts from. */
export function carriedInto({ last }: MemberMemory, input: Float32Array): Carried {
  if (last === null) return NOTHING;
  return isSame(last.input, input) ? last.before : last.after;
}

/** Notes what a training round with this input leaves. `input` is copied. */
export function carryInPlace(memory: MemberMemory, input: Float32Array, after: Carried): void {
  memory.last = { input: input.slice(), before: carriedInto(memory, input), after };
}

function isSame(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((x, i) => Object.is(x, b[i]));
}
