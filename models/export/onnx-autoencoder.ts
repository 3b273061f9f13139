/** An autoencoder's error as the last nodes of an ONNX graph: what `engine/autoencoder/error.ts` defines. Pure. */
import { TARGET_MAX } from "../engine/autoencoder/error.ts";
import type { Reconstruction } from "../engine/autoencoder/parts.ts";
import { constant, type Graph, node, type Value } from "./onnx-graph.ts";

/** What the first layers of the graph have named. */
export interface EncodedValues {
  /** Scaled numbers; NaN where one must be known and is not. Null: there are none. */
  readonly numbers: Value | null;
  readonly indicators: Value | null;
  /** Whether a number is unknown, and what its error is then: 0 where the schema allows it, else NaN. */
  readonly unknown: Value;
  readonly fill: Value;
  /** One vector a category column. */
  readonly codes: readonly Value[];
}

/** @returns e² / (1 + e²), shape [rows, 1]. */
export function anomalyScore(
  graph: Graph,
  { parts }: Reconstruction,
  outputs: Value,
  { numbers, indicators, unknown, fill, codes }: EncodedValues,
): Value {
  const op = (operator: string, name: string, ...from: Value[]): Value =>
    node(graph, operator, name, from);
  const scalar = (name: string, value: number): Value =>
    constant(graph, name, [], Float32Array.of(value));
  const whole = (name: string, value: number): Value => constant(graph, name, [1], [BigInt(value)]);
  const axis = whole("columnAxis", 1);
  const span = (name: string, from: number, width: number): Value =>
    op("Slice", name, outputs, whole(`${name}From`, from), whole(`${name}To`, from + width), axis);
  const numberCount = parts.filter(({ kind }) => kind === "number").length;
  const indicatorCount = parts.filter(({ kind }) => kind === "indicator").length;
  const errors: Value[] = [];
  if (numbers !== null) {
    const above = op("Max", "targetAbove", numbers, scalar("targetMin", -TARGET_MAX));
    const target = op("Min", "target", above, scalar("targetMax", TARGET_MAX));
    const away = op("Abs", "away", op("Sub", "off", span("estimates", 0, numberCount), target));
    const near = op("Min", "near", away, scalar("bend", 1));
    const far = op("Mul", "far", op("Sub", "beyondBend", away, near), scalar("two", 2));
    const huber = op("Add", "huber", op("Mul", "nearSquare", near, near), far);
    errors.push(op("Where", "numberErrors", unknown, fill, huber));
  }
  if (indicators !== null) {
    const odds = span("unknownOdds", numberCount, indicatorCount);
    const product = op("Mul", "oddsMet", odds, indicators);
    const nats = op("Sub", "indicatorNats", op("Softplus", "softOdds", odds), product);
    errors.push(op("Mul", "indicatorErrors", nats, scalar("perLn2", 1 / Math.LN2)));
  }
  for (const part of parts) {
    if (part.kind !== "category") continue;
    const { column, outputAt, width } = part;
    const logits = span(`codeLogits${column}`, outputAt, width);
    const logs = node(graph, "LogSoftmax", `codeLogs${column}`, [logits], { axis: 1 });
    const index = op("Unsqueeze", `codeIndex${column}`, codes[column] ?? "", axis);
    const own = node(graph, "GatherElements", `ownLog${column}`, [logs, index], { axis: 1 });
    const unit = scalar(`perLnK${column}`, -1 / Math.log(width));
    errors.push(op("Mul", `codeError${column}`, own, unit));
  }
  const joined = node(graph, "Concat", "errors", errors, { axis: 1 });
  const error = node(graph, "ReduceMean", "error", [joined], { axes: [1], keepdims: 1 });
  return op("Softsign", "score", op("Mul", "errorSquare", error, error));
}
