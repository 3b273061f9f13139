/**
 * Nonces for the graph: a chain of hashes whose end is signed on joining and whose links are shown one
 * by one, so that no member can choose its nonce after seeing others'. Only where the graph is not
 * complete. Pure.
 *
 * @see Lamport, Password authentication with insecure communication, CACM 1981, for the chain.
 */
import { equalBytes } from "../base/bytes.ts";
import { framedHash } from "../crypto/hash.ts";
import { LABELS } from "../crypto/labels.ts";

/** Batches of one session. */
export const NONCES_MAX = 4096;

const next = (nonce: Uint8Array): Uint8Array => framedHash(LABELS.nonceChain, nonce);

/** @param secret 32 uniform bytes. @returns The root first, then the nonces in the order of their use. */
export function nonceChain(secret: Uint8Array): Uint8Array[] {
  const chain = [secret];
  for (let i = 0; i < NONCES_MAX; i++) chain.push(next(chain[i] ?? secret));
  return chain.reverse();
}

/** True if `nonce` is `steps` links before `known`. Members that miss batches are several behind. */
export function isEarlierLink(nonce: Uint8Array, known: Uint8Array, stepsMax: number): boolean {
  let link = nonce;
  for (let i = 0; i < stepsMax; i++) {
    link = next(link);
    if (equalBytes(link, known)) return true;
  }
  return false;
}
