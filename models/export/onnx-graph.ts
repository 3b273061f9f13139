/**
 * An ONNX graph in the making, and its bytes. Pure. Field numbers are those of onnx.proto3.
 *
 * @see ONNX, Open Neural Network Exchange intermediate representation specification, IR version 7.
 */
import { assert } from "../../shared/base/assert.ts";
import { concatBytes, float32ToBytes, utf8 } from "../../shared/base/bytes.ts";
import { bytes, type Field, integer, integers, joined, message, single, text } from "./protobuf.ts";

const ONNX = { irVersion: 7, opset: 13 } as const;

export const ML_DOMAIN = "ai.onnx.ml";

/** TensorProto.DataType. */
export const DATA_TYPES = { float: 1, int64: 7, string: 8, bool: 9, double: 11 } as const;
type ElementType = keyof typeof DATA_TYPES;

/** AttributeProto.AttributeType. */
const ATTRIBUTE = { float: 1, int: 2, tensor: 4, ints: 7, strings: 8 } as const;
/** A number is an integer; a float says so. Doubles are a tensor of one dimension. */
type Attribute =
  | number
  | { readonly float: number }
  | readonly number[]
  | readonly string[]
  | Float64Array;

/** A value of the graph, by name. */
export type Value = string;

export interface Graph {
  readonly nodes: Field[];
  readonly initializers: Field[];
  readonly inputs: Field[];
  readonly outputs: Field[];
}

export function newGraph(): Graph {
  return { nodes: [], initializers: [], inputs: [], outputs: [] };
}

/** Shape [rows, width], any number of rows. */
export function input(graph: Graph, name: string, type: ElementType, width: number): Value {
  graph.inputs.push(valueInfo(11, name, type, width));
  return name;
}

export function output(graph: Graph, name: string, type: ElementType, width: number): void {
  graph.outputs.push(valueInfo(12, name, type, width));
}

export function node(
  graph: Graph,
  operator: string,
  name: Value,
  from: readonly Value[],
  attributes: Readonly<Record<string, Attribute>> = {},
  domain = "",
): Value {
  graph.nodes.push(
    message(
      1,
      ...from.map((value) => text(1, value)),
      text(2, name),
      text(3, name),
      text(4, operator),
      ...Object.entries(attributes).map(([key, value]) => attribute(key, value)),
      text(7, domain),
    ),
  );
  return name;
}

export function constant(
  graph: Graph,
  name: string,
  shape: readonly number[],
  values: Float32Array | Float64Array | readonly boolean[] | readonly bigint[],
): Value {
  const size = shape.reduce((product, length) => product * length, 1);
  assert(values.length === size, "a constant fills its shape");
  graph.initializers.push(tensor(5, name, shape, values));
  return name;
}

function tensor(
  field: number,
  name: string,
  shape: readonly number[],
  values: Float32Array | Float64Array | readonly (boolean | bigint)[],
): Field {
  const { type, raw } = rawOf(values);
  const dimensions = shape.length === 0 ? [] : [integers(1, shape)];
  return message(field, ...dimensions, integer(2, DATA_TYPES[type]), text(8, name), bytes(9, raw));
}

function rawOf(values: Float32Array | Float64Array | readonly (boolean | bigint)[]): {
  readonly type: ElementType;
  readonly raw: Uint8Array;
} {
  if (values instanceof Float32Array) return { type: "float", raw: float32ToBytes(values) };
  const view = new DataView(new ArrayBuffer(8 * values.length));
  if (values instanceof Float64Array) {
    for (let i = 0; i < values.length; i++) view.setFloat64(8 * i, values[i] ?? 0, true);
    return { type: "double", raw: new Uint8Array(view.buffer) };
  }
  if (typeof values[0] === "boolean")
    return { type: "bool", raw: Uint8Array.from(values, (value) => (value ? 1 : 0)) };
  for (const [i, value] of values.entries()) view.setBigInt64(8 * i, BigInt(value), true);
  return { type: "int64", raw: new Uint8Array(view.buffer) };
}

/**
 * The whole model.
 *
 * @param metadata Texts that travel with it.
 * @param mlOpset Of the operators in `ML_DOMAIN`.
 */
export function onnxModel(
  graph: Graph,
  name: string,
  metadata: Readonly<Record<string, string>>,
  mlOpset: 2 | 3,
): Uint8Array {
  const { nodes, initializers, inputs, outputs } = graph;
  return concatBytes(
    integer(1, ONNX.irVersion),
    text(2, "cloister"),
    message(7, ...nodes, text(2, name), ...initializers, ...inputs, ...outputs),
    message(8, text(1, ""), integer(2, ONNX.opset)),
    message(8, text(1, ML_DOMAIN), integer(2, mlOpset)),
    ...Object.entries(metadata).map(([key, value]) => message(14, text(1, key), text(2, value))),
  );
}

function valueInfo(field: number, name: string, type: ElementType, width: number): Field {
  const rows = message(1, text(2, "rows"));
  const shape = message(2, rows, message(1, integer(1, width)));
  return message(field, text(1, name), message(2, message(1, integer(1, DATA_TYPES[type]), shape)));
}

function attribute(name: string, value: Attribute): Field {
  if (typeof value === "number")
    return message(5, text(1, name), integer(3, value), integer(20, ATTRIBUTE.int));
  if (value instanceof Float64Array) {
    const content = tensor(5, name, [value.length], value);
    return message(5, text(1, name), content, integer(20, ATTRIBUTE.tensor));
  }
  if ("float" in value)
    return message(5, text(1, name), single(2, value.float), integer(20, ATTRIBUTE.float));
  if (value.every((item) => typeof item === "string")) {
    const strings = value.map((item) => bytes(9, utf8(String(item))));
    return message(5, text(1, name), joined(strings), integer(20, ATTRIBUTE.strings));
  }
  return message(5, text(1, name), integers(8, value.map(Number)), integer(20, ATTRIBUTE.ints));
}
