/** What does not go together in a training task, whatever its privacy. Pure. */
import type { LossSpec } from "./loss-spec.ts";
import { hiddenOf, isAutoencoder, isTopology, type ModelSpec } from "./model-spec.ts";
import type { Strategy } from "./strategy-spec.ts";

/** Of a training task, what these rules are about. */
interface Parts {
  readonly model: ModelSpec;
  readonly loss?: LossSpec | undefined;
  readonly strategy: Strategy;
  readonly evaluation: {
    readonly everyRounds: number | null;
    readonly metric?: string | undefined;
    readonly earlyStopping?: { readonly patience: number } | undefined;
    readonly select?: "best" | "last" | undefined;
  };
}

export interface Fault {
  readonly path: readonly string[];
  readonly message: string;
}

export function trainTaskFaults(task: Parts): Fault[] {
  return [
    ...autoencoderFaults(task),
    ...personalFaults(task),
    ...scheduleFaults(task.strategy),
    ...evaluationFaults(task),
  ];
}

function autoencoderFaults({ model, loss }: Parts): Fault[] {
  if (!isAutoencoder(model) || loss === undefined) return [];
  const message =
    "does not go with an autoencoder, which minimises its reconstruction error and reads no label; leave it out";
  return [{ path: ["loss"], message }];
}

function personalFaults({ model, loss, strategy, evaluation }: Parts): Fault[] {
  const count = strategy.kind === "dpSgd" ? undefined : strategy.personalLayers;
  if (count === undefined) return [];
  const faults: Fault[] = [];
  const path = ["strategy", "personalLayers"];
  if (isTopology(model))
    return [
      { path, message: "does not go with a topology, which has no last layers; leave it out" },
    ];
  const layers = hiddenOf(model).hidden.length + 1;
  if (count >= layers) {
    const left = `the model has ${layers}, and one at least must be everybody's`;
    faults.push({ path, message: `${left}; use fewer, or more hidden layers` });
  }
  if (loss?.priorCorrection) {
    const message =
      "does not go with personalLayers: it shifts the output layer, which stays with the members; leave one of them out";
    faults.push({ path: ["loss", "priorCorrection"], message });
  }
  if (evaluation.select === "best") {
    const message =
      "best does not go with personalLayers: the members' own layers of an earlier round are gone; leave it out";
    faults.push({ path: ["evaluation", "select"], message });
  }
  return faults;
}

function scheduleFaults(strategy: Strategy): Fault[] {
  const faults: Fault[] = [];
  for (const name of ["learningRateSchedule", "clipSchedule"] as const) {
    const schedule = strategy[name];
    if (schedule && schedule.warmupRounds >= strategy.rounds) {
      const message = `must be below the ${strategy.rounds} training rounds`;
      faults.push({ path: ["strategy", name, "warmupRounds"], message });
    }
  }
  if (strategy.kind === "dpSgd" && strategy.adaptiveClipping && strategy.clipSchedule) {
    const message = "does not go with adaptiveClipping, which moves the same bound; use one";
    faults.push({ path: ["strategy", "clipSchedule"], message });
  }
  return faults;
}

function evaluationFaults({ strategy, evaluation }: Parts): Fault[] {
  const { everyRounds, metric, earlyStopping, select } = evaluation;
  const faults: Fault[] = [];
  const fault = (field: string, message: string): void => {
    faults.push({ path: ["evaluation", field], message });
  };
  const chooses = earlyStopping !== undefined || select === "best";
  if (metric !== undefined && !chooses)
    fault("metric", "is what earlyStopping and select: best go by; leave it out");
  if (chooses && everyRounds === null)
    fault(
      "everyRounds",
      "one evaluation after the last round leaves earlyStopping and select nothing to choose from; give a number of rounds",
    );
  const evaluations = everyRounds === null ? 1 : Math.ceil(strategy.rounds / everyRounds);
  if (earlyStopping && everyRounds !== null && earlyStopping.patience >= evaluations)
    fault(
      "earlyStopping",
      `can never stop: ${strategy.rounds} rounds have ${evaluations} evaluations, and patience asks for ${earlyStopping.patience} after the first; use fewer`,
    );
  return faults;
}
