/** The law of a sum of squares whose normals have more spread than they should, because noise was added. Pure. */

/** `scale` times a χ² with `degrees` degrees of freedom. */
export interface ScaledChiSquare {
  readonly scale: number;
  readonly degrees: number;
}

/**
 * The law of |P·x|² where x has independent normals and P projects, matched in mean and variance. Where every variance is
 * 1 it is exactly χ² with the projection's rank.
 *
 * @param variances Of x. Shape [n].
 * @param projection Entry (i, j) of P.
 * @see Satterthwaite 1946, An approximate distribution of estimates of variance components, Biometrics Bulletin 2(6); the
 *   same as Rao and Scott 1984 do for surveys' χ².
 */
export function projectedLaw(
  variances: Float64Array,
  projection: (i: number, j: number) => number,
): ScaledChiSquare {
  let mean = 0;
  let halfVariance = 0;
  for (let i = 0; i < variances.length; i++) {
    const own = variances[i] ?? 0;
    mean += projection(i, i) * own;
    for (let j = 0; j < variances.length; j++)
      halfVariance += projection(i, j) ** 2 * own * (variances[j] ?? 0);
  }
  return { scale: halfVariance / mean, degrees: mean ** 2 / halfVariance };
}
