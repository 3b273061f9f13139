/** What the network does to a frame, as data. Healthy by default; faults change it (faults.ts). */

export type FrameFault =
  /** The connection breaks in place of delivering; the session resumes over the next. */
  | "loss"
  | "duplicate"
  /** Arrives after the frames behind it. */
  | "late"
  /** An earlier frame of the same connection once more. */
  | "replay"
  /** Bytes that are no frame. */
  | "garbage";

export interface Conditions {
  /** One way, for one frame. */
  delayMs(memberId: string): number;
  frameFault(memberId: string): FrameFault | null;
  /** False: no connection can be made. */
  isReachable(memberId: string): boolean;
  /** How long a member works for one ask. */
  workMs(memberId: string): number;
  garbage(): Uint8Array;
}

export const HEALTHY: Conditions = {
  delayMs: () => 5,
  frameFault: () => null,
  isReachable: () => true,
  workMs: () => 20,
  garbage: () => new Uint8Array(),
};
