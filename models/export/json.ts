/** A model as one JSON text: schema, specification, scaling and parameters. Pure; the format is in docs/models.md. */
import { z } from "zod";
import { bytesToFloat32, float32ToBytes } from "../../shared/base/bytes.ts";
import { canonicalJson, type Json } from "../../shared/base/canonical.ts";
import { badInput, type CloisterError } from "../../shared/base/errors.ts";
import { faultOf } from "../../shared/base/fault.ts";
import { ModelSpec } from "../../shared/charter/model-spec.ts";
import { DataSchema } from "../../shared/charter/schema.ts";
import { architectureOf } from "../engine/architecture.ts";
import type { Model } from "../model.ts";
import type { PrivacyStatement } from "../privacy-statement.ts";

const FORMAT = "cloister-model/1";
/** No repeated group: on a text of megabytes its backtracking would exhaust the stack. */
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
/** A multiple of 3, so that pieces join without padding. */
const PIECE_BYTES = 3 * 4096;

/** Little-endian float32 values in base64. */
const Floats = z
  .string()
  .refine((text) => text.length % 4 === 0 && BASE64.test(text), "not base64");
const ModelFile = z.strictObject({
  format: z.literal(FORMAT),
  schema: DataSchema,
  spec: ModelSpec,
  scaling: Floats,
  params: Floats,
  /** What prior correction added to the last bias, which has it already. */
  logitShift: z.number().optional(),
  /** What the model says of its privacy; carried along, not interpreted. */
  privacyStatement: z.looseObject({ version: z.literal(1) }).optional(),
});

/** The text, one line, ending in a line feed; the same model always gives the same text. */
export function modelToJson(
  { schema, spec, scaling, params, logitShift }: Model,
  statement?: PrivacyStatement,
): string {
  const file = {
    format: FORMAT,
    schema,
    spec,
    scaling: toBase64(float32ToBytes(scaling)),
    params: toBase64(float32ToBytes(params)),
    ...(logitShift !== undefined && { logitShift }),
    ...(statement && { privacyStatement: asJson(statement) }),
  };
  return `${canonicalJson(file)}\n`;
}

/** Through text, so that nothing but JSON goes on. */
export function asJson(statement: PrivacyStatement): Json {
  return JSON.parse(JSON.stringify(statement)) as Json;
}

/**
 * Reads a model back, bit for bit.
 *
 * @param expected The schema of the data at hand; the model's must be the same. Not checked where left out.
 * @throws {CloisterError} If the text is cut short, of another version, for another schema, or inconsistent.
 */
export function parseModelJson(text: string, expected?: DataSchema): Model {
  const value = parseJson(text);
  const format = z.looseObject({ format: z.string() }).safeParse(value);
  if (!format.success) throw bad("not-a-model", 'There is no "format": this is not a model file.');
  if (format.data.format !== FORMAT) {
    const detail = `Its format is "${format.data.format}"; this version reads "${FORMAT}".`;
    throw bad("other-version", detail);
  }
  const file = ModelFile.safeParse(value);
  if (!file.success) {
    const { path, reason } = faultOf(file.error, value);
    throw bad("invalid", `${path === "" ? "" : `Field "${path}": `}${reason}.`);
  }
  const { schema, spec, logitShift } = file.data;
  if (expected !== undefined && canonicalJson(schema) !== canonicalJson(expected)) {
    const remedy = "Use the model with data of the schema it was trained on.";
    throw bad("other-schema", `It was trained on another schema. ${remedy}`);
  }
  const { numberCount, paramCount } = architectureOf(schema, spec);
  return {
    schema,
    spec,
    scaling: floats("scaling", file.data.scaling, 2 * numberCount),
    params: floats("params", file.data.params, paramCount),
    ...(logitShift !== undefined && { logitShift }),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw bad("not-json", "It is not JSON; it may be cut short.", cause);
  }
}

function floats(field: string, base64: string, length: number): Float32Array {
  const bytes = fromBase64(base64);
  if (bytes.length !== 4 * length) {
    const detail = `${bytes.length / 4} values where its schema needs ${length}`;
    throw bad("wrong-length", `Field "${field}" has ${detail}.`);
  }
  const values = bytesToFloat32(bytes);
  if (values.every(Number.isFinite)) return values;
  throw bad("not-finite", `Field "${field}" has a value that is not finite.`);
}

function bad(code: string, detail: string, cause?: unknown): CloisterError {
  return badInput(`model.${code}`, `The model cannot be read. ${detail}`, cause);
}

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let start = 0; start < bytes.length; start += PIECE_BYTES) {
    text += btoa(String.fromCharCode(...bytes.subarray(start, start + PIECE_BYTES)));
  }
  return text;
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
