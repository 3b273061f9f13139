/** What every engine checks before it computes. Pure. */
import { assert } from "../../shared/base/assert.ts";
import type { EncodedData } from "../data.ts";
import type { Network } from "./architecture.ts";
import type { Params, Scaling } from "./backend.ts";

/** @throws {InvariantError} If parameters, scaling or data are not of the architecture's shapes. */
export function checkShapes(
  architecture: Network,
  params: Params,
  scaling: Scaling,
  data: EncodedData,
): void {
  const { numberCount, categoryCount, paramCount } = architecture;
  assert(params.length === paramCount, "parameters do not fit the architecture");
  assert(scaling.length === 2 * numberCount, "scaling does not fit the architecture");
  assert(data.numbers.length === data.rowCount * numberCount, "numbers do not fit the schema");
  assert(data.codes.length === data.rowCount * categoryCount, "codes do not fit the schema");
}
