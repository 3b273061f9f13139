/**
 * The transcript of a run: a chain of hashes over everything that was released, whose head the coordinator
 * signs as it opens a round. All members that saw the same history have the same head, and a head is bound
 * into every mask: two histories do not add up. Pure.
 */
import { framed, framedHash } from "../crypto/hash.ts";
import { verifySignature } from "../crypto/identity.ts";
import { LABELS } from "../crypto/labels.ts";

/** What a released round adds to the chain. */
export interface Link {
  /** ctx₂: who survived and what they sent, under which model, cohort and roster. */
  readonly inclusion: Uint8Array;
  /** SHA-256 of the opened sum's elements, 32-bit little-endian. */
  readonly resultHash: Uint8Array;
}

export function firstHead(runId: string): Uint8Array {
  return framedHash(LABELS.transcript, runId);
}

export function nextHead(head: Uint8Array, { inclusion, resultHash }: Link): Uint8Array {
  return framedHash(LABELS.transcript, head, inclusion, resultHash);
}

/** Something that the coordinator signed, as a member keeps it. */
export type SignedEntry =
  | {
      readonly kind: "roundOpened";
      readonly runId: string;
      readonly round: number;
      readonly attempt: number;
      readonly askHash: Uint8Array;
      readonly head: Uint8Array;
      readonly signature: Uint8Array;
    }
  | {
      readonly kind: "included";
      readonly runId: string;
      readonly attempt: number;
      readonly inclusion: Uint8Array;
      readonly signature: Uint8Array;
    };

type Unsigned<T> = T extends unknown ? Omit<T, "signature"> : never;

export function entryStatement(entry: Unsigned<SignedEntry>): Uint8Array {
  const { runId, attempt } = entry;
  if (entry.kind === "included") return framed(LABELS.included, runId, attempt, entry.inclusion);
  const { round, askHash, head } = entry;
  return framed(LABELS.roundOpened, runId, round, attempt, askHash, head);
}

export function isSignedEntry(coordinatorKey: Uint8Array, entry: SignedEntry): boolean {
  return verifySignature(coordinatorKey, entryStatement(entry), entry.signature);
}
