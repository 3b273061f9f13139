/**
 * Who is held out: decided by a hash of the privacy unit's id, so that all rows of one person are
 * on one side, in every run and at every member that knows the same id. Pure. Not a secret and no
 * protection of one: privacy never rests on not knowing the side.
 */
import { assert } from "../../shared/base/assert.ts";

export type HoldoutRule = (unitId: string) => boolean;

/**
 * The rule: held out where `unitFraction` is below `fraction`. As long as salt and fraction stay the
 * same, so does every unit's side; each partition's privacy budget relies on that.
 *
 * @param fraction Expected share of units held out, in [0, 1].
 */
export function holdoutRule(fraction: number, salt: string): HoldoutRule {
  assert(fraction >= 0 && fraction <= 1, "holdout fraction outside 0 … 1");
  const fractionOf = unitFraction(salt);
  return (unitId) => fractionOf(unitId) < fraction;
}

/**
 * hash(salt ‖ 0 ‖ id) / 2^32, in [0, 1): uniform over ids, independent for different salts. FNV-1a
 * (32 bits, over UTF-16 code units, low byte first) with MurmurHash3's finaliser.
 */
export function unitFraction(salt: string): (unitId: string) => number {
  const salted = absorbUnit(absorb(FNV_OFFSET, salt), 0);
  return (unitId) => finalise(absorb(salted, unitId)) / 0x1_0000_0000;
}

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

function absorb(hash: number, text: string): number {
  let state = hash;
  for (let i = 0; i < text.length; i++) state = absorbUnit(state, text.charCodeAt(i));
  return state;
}

function absorbUnit(hash: number, unit: number): number {
  const low = Math.imul(hash ^ (unit & 0xff), FNV_PRIME);
  return Math.imul(low ^ (unit >>> 8), FNV_PRIME);
}

/** FNV-1a alone leaves the high bits of short texts uneven. */
function finalise(hash: number): number {
  let z = hash;
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return (z ^ (z >>> 16)) >>> 0;
}
