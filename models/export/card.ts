/** The model card: what a model is, what it was trained on, how good it is and what it must not be used for. Pure. */
import { counted } from "../../shared/base/counted.ts";
import type { EngineName } from "../../shared/base/engine-name.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import type { Manifest } from "../../shared/charter/manifest.ts";
import { isAutoencoder } from "../../shared/charter/model-spec.ts";
import type { DataSchema } from "../../shared/charter/schema.ts";
import type { TaskSpec, TrainTask } from "../../shared/charter/task-spec.ts";
import { architectureOf, isGraph, type Network } from "../engine/architecture.ts";
import type { GraphNode } from "../engine/graph/graph.ts";
import { type Interval, rocAucInterval } from "../metrics/intervals.ts";
import type { PrivacyStatement } from "../privacy-statement.ts";
import type { ClassCounts, Metrics, ScoreQuantiles } from "../tasks/task.ts";
import type { TreeModel } from "../trees/model.ts";

/** One metric; `interval` null: not known. */
export interface CardMetric {
  readonly name: "rocAuc" | "prAuc" | "recallAt1pctFpr" | "recallAt5pctFpr";
  readonly value: number;
  readonly interval: Interval | null;
}

/** What kind of model it is, in words for people. */
export interface CardModel {
  readonly kind: string;
  readonly size: string;
  readonly training: string;
}

/** How many members said that this computes the model on their machines. */
export interface CardEngine {
  readonly engine: EngineName;
  readonly members: number;
}

export interface CardFile {
  readonly name: string;
  readonly bytes: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

export interface ModelCard {
  readonly version: 1;
  readonly format: string;
  readonly run: {
    readonly id: string;
    readonly room: string;
    readonly purpose: string;
    /** ISO 8601. */
    readonly createdAt: string;
    readonly status: string;
    readonly members: number;
    readonly roundsDone: number;
  };
  readonly model: CardModel;
  /** Of members who are in a sum. Left out: not known, or the model needs none. */
  readonly engines?: readonly CardEngine[];
  /** The plan's task as it was run. */
  readonly task: TaskSpec;
  readonly holdoutFraction: number;
  readonly schema: DataSchema;
  /** Null: the run was not evaluated, or a class was empty. */
  readonly metrics: readonly CardMetric[] | null;
  /** Rows of the last evaluation; null: not known. */
  readonly evaluated: ClassCounts | null;
  /** Only of anomaly scores: how they were spread in the last evaluation. */
  readonly scores?: ScoreQuantiles;
  readonly privacy: PrivacyStatement;
  readonly limits: readonly string[];
  readonly files: readonly CardFile[];
}

export interface CardInputs {
  readonly format: string;
  readonly runId: string;
  readonly charter: Charter;
  readonly manifest: Manifest;
  readonly model: CardModel;
  /** Score bins a class of the evaluation. */
  readonly bins: number;
  readonly createdAt: string;
  readonly status: string;
  readonly roundsDone: number;
  readonly metrics: Metrics | null;
  /** Of anomaly scores; else null. */
  readonly scores: ScoreQuantiles | null;
  /** Empty: not known, or the model needs none. */
  readonly engines: readonly CardEngine[];
  readonly statement: PrivacyStatement;
  readonly files: readonly CardFile[];
}

export function modelCard(inputs: CardInputs): ModelCard {
  const { format, runId, charter, manifest, createdAt, status, roundsDone } = inputs;
  const counts = usable(inputs.metrics?.counts);
  return {
    version: 1,
    format,
    run: {
      id: runId,
      room: charter.room,
      purpose: charter.purpose,
      createdAt,
      status,
      members: manifest.roster.length,
      roundsDone,
    },
    model: inputs.model,
    ...(inputs.engines.length > 0 && { engines: inputs.engines }),
    task: manifest.task,
    holdoutFraction: charter.holdoutFraction,
    schema: charter.schema,
    metrics: inputs.metrics && metricsOf(inputs.metrics, counts),
    evaluated: counts,
    ...(inputs.scores && { scores: inputs.scores }),
    privacy: inputs.statement,
    limits: limitsOf(manifest, inputs.bins),
    files: inputs.files,
  };
}

/** Any model but trees, in words. */
export function netInWords(schema: DataSchema, { model, strategy, scaling }: TrainTask): CardModel {
  return {
    ...shapeInWords(architectureOf(schema, model)),
    training: `${strategy.kind}, inputs scaled by ${scaling}`,
  };
}

function shapeInWords(network: Network): Pick<CardModel, "kind" | "size"> {
  const size = `${counted(network.paramCount, "parameter")}`;
  if (isGraph(network)) {
    const kinds = new Set(network.nodes.map((node) => nodeInWords(node)));
    return { kind: `feed-forward topology: ${[...kinds].join(", ")}`, size };
  }
  const hidden = network.layers.slice(0, -1).map(({ outputWidth }) => outputWidth);
  if (hidden.length === 0) return { kind: "logistic regression", size };
  const layers = `hidden layers ${hidden.join(", ")}`;
  const net = network.reconstruction ? "autoencoder" : "feed-forward net";
  return { kind: `${net}, ${network.activation}`, size: `${layers}; ${size}` };
}

function nodeInWords(node: GraphNode): string {
  if (node.kind === "activation") return node.activation.name;
  return node.kind === "layerNorm" ? "layer normalisation" : node.kind;
}

export function treesInWords({ trees, spec }: TreeModel): CardModel {
  const leaves = trees.flat().filter(({ kind }) => kind === "leaf").length;
  return {
    kind: "boosted trees",
    size: `${counted(trees.length, "tree")}, ${counted(leaves, "leaf", "leaves")}, ${spec.bins} bins a feature`,
    training: "histograms of gradients in secure sums",
  };
}

/** Half a row and less is no class: nothing is known of an interval then. */
function usable(counts: ClassCounts | undefined): ClassCounts | null {
  if (counts === undefined) return null;
  const rounded = {
    positives: Math.round(counts.positives),
    negatives: Math.round(counts.negatives),
  };
  return rounded.positives > 0 && rounded.negatives > 0 ? rounded : null;
}

function metricsOf(metrics: Metrics, counts: ClassCounts | null): CardMetric[] {
  const { rocAuc, prAuc, recallAt1pctFpr, recallAt5pctFpr } = metrics;
  return [
    { name: "rocAuc", value: rocAuc, interval: counts && rocAucInterval(rocAuc, counts) },
    { name: "prAuc", value: prAuc, interval: null },
    { name: "recallAt1pctFpr", value: recallAt1pctFpr, interval: null },
    { name: "recallAt5pctFpr", value: recallAt5pctFpr, interval: null },
  ];
}

/** Whether scores say how unusual a row is, not how likely a label. */
export function scoresAnomalies(task: TaskSpec): boolean {
  return task.kind === "train" && isAutoencoder(task.model);
}

const ANOMALY =
  "A score is an anomaly score, no probability: e² / (1 + e²) of the row's reconstruction error e. It says how unlike the training rows a row is, not how likely it is a fraud: choose thresholds on own data, by how many rows may be looked at.";
const PROBABILITY =
  "A score is a probability only as far as the share of positives in training was that of use: choose thresholds on own data.";

function limitsOf({ privacy, task }: Manifest, bins: number): string[] {
  return [
    "It ranks rows like those of the members that trained it; for anybody else's it was never measured.",
    `It was measured on rows that the members held back, by a histogram of ${bins} bins a class: differences below a bin are not seen.`,
    ...(privacy ? ["Its metrics carry noise, for privacy; the intervals do not count it."] : []),
    "Intervals take rows for independent: where one customer has many, they are too narrow.",
    scoresAnomalies(task) ? ANOMALY : PROBABILITY,
    "Numbers beyond their declared bounds count as the bound, categories that nobody declared as one: watch how many there are.",
    "Nobody looked at the members' records or updates: a member that trained on wrong labels goes unseen.",
    "Whether it treats groups of people alike was not measured.",
  ];
}
