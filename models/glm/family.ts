/**
 * Three families of generalised linear models with their canonical links: what one row adds to gradient, information
 * and deviance. Pure.
 *
 * @see McCullagh and Nelder, Generalized Linear Models, 2nd ed., 1989, §2.
 */
import { unreachable } from "../../shared/base/assert.ts";

export type Family = "logistic" | "linear" | "poisson";

/** Overwritten for each row. */
export interface RowTerms {
  /** y − μ. */
  residual: number;
  /** The variance function at μ: what the row adds to the information, per xxᵀ. */
  weight: number;
  /** The row's part of the deviance, at least 0. */
  deviance: number;
}

/** e^700 is near a double's end: beyond it means would be infinite. */
const ETA_MAX = 700;

/** @param eta xᵀβ and offset. @param y 0 or 1, any number, or a whole number from 0 on. */
export function rowTermsInPlace(terms: RowTerms, family: Family, eta: number, y: number): void {
  switch (family) {
    case "logistic":
      return logisticInPlace(terms, eta, y);
    case "linear":
      terms.residual = y - eta;
      terms.weight = 1;
      terms.deviance = (y - eta) ** 2;
      return;
    case "poisson":
      return poissonInPlace(terms, Math.min(ETA_MAX, eta), y);
    default:
      return unreachable(family);
  }
}

/** Of the outcome that happened, not of 1: no small probability is the difference of two large ones. */
function logisticInPlace(terms: RowTerms, eta: number, y: number): void {
  const towards = y === 1 ? eta : -eta;
  const small = Math.exp(-Math.abs(towards));
  const missed = towards > 0 ? small / (1 + small) : 1 / (1 + small);
  terms.residual = y === 1 ? missed : -missed;
  terms.weight = small / (1 + small) ** 2;
  terms.deviance = 2 * (Math.max(0, -towards) + Math.log1p(small));
}

function poissonInPlace(terms: RowTerms, eta: number, y: number): void {
  const mean = Math.exp(eta);
  terms.residual = y - mean;
  terms.weight = mean;
  terms.deviance = Math.max(0, 2 * ((y === 0 ? 0 : y * (Math.log(y) - eta)) - y + mean));
}
