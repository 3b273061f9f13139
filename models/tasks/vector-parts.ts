/** What the coordinates of a contribution mean, by name: for a person who looks at what would be sent. Pure. */
import type { TaskSpec } from "../../shared/charter/task-spec.ts";
import { GRID_CELLS } from "../trees/bins.ts";
import {
  type BoostContext,
  checkKind as checkBoostKind,
  layoutOf,
  shapeOf,
  treeFeatures,
} from "./boost/shape.ts";
import { taskFor } from "./registry.ts";
import type { TaskContext } from "./task.ts";
import {
  architectureFor,
  checkKind,
  gradientLayout,
  sharedCount,
  type TrainContext,
} from "./train/shape.ts";

/** Coordinates `offset` … `offset + length − 1`. */
export interface VectorPart {
  readonly name: string;
  readonly offset: number;
  readonly length: number;
}

type Named = readonly [name: string, length: number];

/** The parts of the vector of an ask of this kind, in order; together they are the whole of it. */
export function vectorParts(context: TaskContext<TaskSpec>, askKind: string): VectorPart[] {
  const { dimension } = taskFor(context.spec).shapeOf(context, askKind);
  const parts: VectorPart[] = [];
  let offset = 0;
  for (const [name, length] of namedParts(context, askKind)) {
    if (length > 0) parts.push({ name, offset, length });
    offset += length;
  }
  if (offset < dimension) parts.push({ name: "not used", offset, length: dimension - offset });
  return parts;
}

function namedParts(context: TaskContext<TaskSpec>, askKind: string): readonly Named[] {
  const { spec } = context;
  const told = taskFor(spec).partNames?.(context, askKind);
  if (told) return told;
  switch (spec.kind) {
    case "train":
      return trainParts({ ...context, spec }, askKind);
    case "boost":
      return boostParts({ ...context, spec }, askKind);
    case "probe":
      return [["zeros", spec.dimension]];
    default:
      return [];
  }
}

function trainParts(context: TrainContext, askKind: string): readonly Named[] {
  const { schema, spec } = context;
  const kind = checkKind(context, askKind);
  switch (kind) {
    case "moments":
      return schema.features.flatMap(({ name, type }) =>
        type === "number" ? [[`${name}: rows, sum, sum of squares`, 3] as const] : [],
      );
    case "counts":
      return ROW_COUNTS;
    case "gradient":
      return [...slicesOf(context, "gradient of "), ...gradientTail(context)];
    case "update":
      return updateParts(context);
    case "evaluate":
      return histogramParts(spec.evaluation.bins);
  }
}

const ROW_COUNTS: readonly Named[] = [
  ["rows", 1],
  ["positive rows", 1],
];

function histogramParts(bins: number): readonly Named[] {
  return [
    ["negative rows by score", bins],
    ["positive rows by score", bins],
  ];
}

/** Of the parameters that members share. */
function slicesOf(context: TrainContext, what: string): Named[] {
  const architecture = architectureFor(context);
  const shared = sharedCount(context, architecture);
  return architecture.slices
    .filter(({ offset }) => offset < shared)
    .map(({ name, shape }) => [`${what}${name}`, shape.reduce((size, one) => size * one, 1)]);
}

function gradientTail(context: TrainContext): readonly Named[] {
  const { adaptive } = gradientLayout(context);
  const tail: Named[] =
    context.noise === null
      ? [
          ["loss", 1],
          ["units", 1],
        ]
      : [["loss, weighted", 1]];
  return adaptive ? [...tail, ["units within the clipping bound", 1]] : tail;
}

function updateParts(context: TrainContext): readonly Named[] {
  const update = slicesOf(context, "update of ");
  const shared = update.reduce((sum, [, length]) => sum + length, 0);
  const { kind } = context.spec.strategy;
  return [
    ...update,
    ["control variate's change", kind === "scaffold" ? shared : 0],
    ["weight: rows / rowsMax", 1],
    ["weight · loss", 1],
  ];
}

function boostParts(context: BoostContext, askKind: string): readonly Named[] {
  const { kind, level } = checkBoostKind(context, askKind);
  switch (kind) {
    case "start":
      return [...ROW_COUNTS, ...gridParts(context)];
    case "evaluate":
      return histogramParts(context.spec.evaluation.bins);
    case "leaves":
      return [["gradient, Hessian of each leaf", shapeOf(context, askKind).dimension]];
    case "level":
      return level === 0 && context.noise !== null
        ? rootParts(context)
        : [["sums in each bin of each node", shapeOf(context, askKind).dimension]];
  }
}

function gridParts(context: BoostContext): Named[] {
  if (context.spec.model.edges !== "quantiles") return [];
  return layoutOf(context)
    .filter(({ kind }) => kind === "number")
    .map(({ name }) => [`${name}: rows in each of ${GRID_CELLS} cells`, GRID_CELLS]);
}

/** Of the first tree of a noised run, whose first sum it is. */
function rootParts(context: BoostContext): Named[] {
  const layout = layoutOf(context);
  return [...treeFeatures(context, 0)].flatMap((feature): Named[] => {
    const bins = layout[feature];
    return bins ? [[`${bins.name}: gradient, Hessian in each bin`, 2 * bins.binCount]] : [];
  });
}
