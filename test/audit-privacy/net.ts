/** The plain net that an audited run trains, for attacks on its layers. Pure. */
import { type Architecture, isGraph } from "../../models/engine/architecture.ts";
import { architectureFor, type TrainContext } from "../../models/tasks/train/shape.ts";

export function netOf(context: TrainContext): Architecture {
  const network = architectureFor(context);
  if (isGraph(network)) throw new Error("the audit attacks plain nets");
  return network;
}
