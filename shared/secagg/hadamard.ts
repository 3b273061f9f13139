/** The randomised rotation's transform: spreads a vector evenly over its coordinates, and undoes itself. Pure. */
import { assert } from "../base/assert.ts";
import { kernel } from "./kernel/kernel.ts";

/**
 * The orthonormal Walsh-Hadamard transform H·x/√d, in place: its own inverse. Every machine and fallback computes the
 * same bits, for sums and differences are taken in one fixed order.
 *
 * @param values Shape [d], d a power of two up to 2^28.
 * @throws {InvariantError} If d is not.
 */
export function hadamardInPlace(values: Float32Array | Float64Array): void {
  const { length } = values;
  const isPower = length > 0 && length <= 2 ** 28 && (length & (length - 1)) === 0;
  assert(isPower, "the length is not a power of two up to 2^28");
  kernel.hadamard(values);
}
