/** The one way in which reading a topology ends badly: what is wrong, in which layer, and what to do. Pure. */
import { badInput, type CloisterError } from "../../base/errors.ts";

export function topologyFault(message: string): CloisterError {
  return badInput("plan.topology", message);
}

/** @param message What is wrong with it, and what to do. */
export function layerFault(name: string, message: string): CloisterError {
  return topologyFault(`layer "${name}": ${message}`);
}
