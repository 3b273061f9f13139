/** The price of a clip norm that follows the data: one more noised bit per unit and round. Pure. */
import { badInput } from "../../base/errors.ts";

/**
 * The noise multiplier that the update needs, so that update and count of clipped units together
 * cost what one Gaussian with `noiseMultiplier` does: (z⁻² − (2σ_b)⁻²)^(−1/2). The bit is centred,
 * so one unit moves the count by 1/2.
 *
 * @param clippedCountStdDev σ_b of the noise on the number of clipped units.
 * @throws {CloisterError} `privacy.count-noise` If the count alone costs as much.
 * @see Andrew, Thakkar, McMahan and Ramaswamy, Differentially Private Learning with Adaptive
 *   Clipping, NeurIPS 2021, theorem 1 (arXiv 1905.03871).
 */
export function updateNoiseMultiplier(noiseMultiplier: number, clippedCountStdDev: number): number {
  const left = noiseMultiplier ** -2 - (2 * clippedCountStdDev) ** -2;
  if (left > 0) return 1 / Math.sqrt(left);
  throw badInput(
    "privacy.count-noise",
    `noise of ${clippedCountStdDev} on the count leaves nothing of a noise multiplier of ` +
      `${noiseMultiplier} for the update: the count needs more than ${noiseMultiplier / 2}`,
  );
}
