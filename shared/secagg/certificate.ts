/**
 * The certificate over a round's survivors: enough members confirmed the same set. Each member confirms one
 * set per attempt, so no two different sets can both be certified (2t > n + colluders), and nobody can be
 * shown as a survivor to some and as a dropout to others. Up to 200 members confirm with a MAC for each
 * other member: a thirtieth of a signature's cost; beyond, a committee signs. Pure.
 *
 * @see Bonawitz et al., Practical Secure Aggregation, CCS 2017, §4, round 3 (ConsistencyCheck). Deviation:
 *   MACs between members instead of signatures; each verifier counts what was made for it, and the argument
 *   needs no third party to be convinced.
 */
import { concatBytes } from "../base/bytes.ts";
import { verifySignature } from "../crypto/identity.ts";
import type { AgentBatch, AgentSelf } from "./agent-batch.ts";
import { authenticate, isAuthentic } from "./channel.ts";
import { confirmStatement } from "./keys.ts";
import type { SumParams } from "./params.ts";

const TAG = 16;
const SIGNATURE = 64;

/** Confirmations that the coordinator hands to one member: other confirmers, ascending, and their proofs. */
export interface Certificate {
  readonly confirmers: readonly number[];
  /** 16 bytes each made for this member, or 64 bytes each for everyone. */
  readonly proofs: Uint8Array;
}

/** Bytes of one proof in a certificate. */
export function proofBytes({ certificate }: SumParams): number {
  return certificate === "macs" ? TAG : SIGNATURE;
}

/** Bytes of one member's confirmation: a MAC for every other survivor, or one signature, or nothing. */
export function confirmationBytes(
  params: SumParams,
  committee: ReadonlySet<number>,
  survivorCount: number,
  index: number,
): number {
  if (params.certificate === "macs") return TAG * (survivorCount - 1);
  return committee.has(index) ? SIGNATURE : 0;
}

export function confirm(
  params: SumParams,
  self: AgentSelf,
  { batch, channels }: AgentBatch,
  survivors: readonly number[],
  inclusion: Uint8Array,
): Uint8Array {
  const statement = confirmStatement(inclusion, self.index);
  if (params.certificate === "signatures")
    return batch.committee.has(self.index) ? self.identity.sign(statement) : new Uint8Array();
  const tags = survivors
    .filter((index) => index !== self.index)
    .map((index) => {
      const channel = channels.get(index);
      return channel ? authenticate(channel, statement) : new Uint8Array(TAG);
    });
  return concatBytes(...tags);
}

/** The MAC that a confirmation holds for `to`. */
export function proofFor(
  params: SumParams,
  survivors: readonly number[],
  from: number,
  to: number,
  confirmation: Uint8Array,
): Uint8Array {
  if (params.certificate === "signatures") return confirmation;
  // Among the survivors without the confirmer itself.
  const at = survivors.indexOf(to);
  const place = survivors.indexOf(from) < at ? at - 1 : at;
  return confirmation.subarray(TAG * place, TAG * place + TAG);
}

export function isCertified(
  params: SumParams,
  self: AgentSelf,
  { batch, channels }: AgentBatch,
  {
    survivors,
    inclusion,
  }: { readonly survivors: readonly number[]; readonly inclusion: Uint8Array },
  { confirmers, proofs }: Certificate,
): "certified" | "malformed" | "forgedCertificate" | "certificateTooSmall" {
  const size = proofBytes(params);
  if (proofs.length !== size * confirmers.length) return "malformed";
  const members = new Set(survivors);
  let count = batch.committee.has(self.index) ? 1 : 0;
  let forged = false;
  for (const [i, from] of confirmers.entries()) {
    if (i > 0 && from <= (confirmers[i - 1] ?? 0)) return "malformed"; // Nobody counts twice.
    if (from === self.index || !members.has(from) || !batch.committee.has(from)) return "malformed";
    const proof = proofs.subarray(size * i, size * i + size);
    const channel = channels.get(from);
    const holds =
      params.certificate === "macs"
        ? !!channel && isAuthentic(channel, confirmStatement(inclusion, from), proof)
        : isSigned(params, from, inclusion, proof);
    // One member's bad proof must not undo what enough others confirmed; it only does not count.
    if (holds) count += 1;
    else forged = true;
  }
  if (count >= params.confirmationsMin) return "certified";
  return forged ? "forgedCertificate" : "certificateTooSmall";
}

function isSigned(
  { roster }: SumParams,
  from: number,
  inclusion: Uint8Array,
  signature: Uint8Array,
): boolean {
  const identityKey = roster[from]?.identityKey ?? new Uint8Array();
  return verifySignature(identityKey, confirmStatement(inclusion, from), signature);
}
