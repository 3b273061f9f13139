/** What passes between a thread and the mask threads it has started: keys in, one word back. Pure: types only. */
import type { RingBits } from "../base/ring-bits.ts";
import type { PackedMasks } from "../secagg/masks.ts";

/** One part of a sum of masks. */
export interface MaskJob {
  readonly id: number;
  /** Keys are wiped when used. */
  readonly masks: PackedMasks;
  readonly bits: RingBits;
  /** Elements `firstElement` … of the masks, zero before and the sum afterwards. In shared memory. */
  readonly target: Uint32Array;
  readonly firstElement: number;
}

/** `failure` is the name of an error, null if the job is done. */
export interface MaskReply {
  readonly id: number;
  readonly failure: string | null;
}
