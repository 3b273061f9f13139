/** EDGE: how fast this machine is at this moment: shared machines are faster and slower by half, from minute to minute. */
import { identityFromSecret, verifySignature } from "../../shared/crypto/identity.ts";
import { cpuMs, medianOf } from "./cpu.ts";
import type { BenchResult } from "./format.ts";

const CHECKS = 200;
const RUNS = 15;

/** What the check of an Ed25519 signature takes, the commonest piece of a small round; CPU, median of some. */
export function signatureCheck(when: string): BenchResult {
  const identity = identityFromSecret(new Uint8Array(32).fill(1));
  const message = new Uint8Array(200);
  const signature = identity.sign(message);
  const check = (): void => {
    for (let i = 0; i < CHECKS; i++) verifySignature(identity.publicKey, message, signature);
  };
  const value = (1000 * medianOf(RUNS, () => cpuMs(check))) / CHECKS;
  return {
    name: `the machine ${when}: a signature's check`,
    value,
    unit: "µs",
    target: null,
    limit: null,
  };
}
