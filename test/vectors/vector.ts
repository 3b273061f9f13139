/** The form of a test vector, in the file and in the tests. Pure. */

export type VectorValue =
  | string
  | number
  | readonly VectorValue[]
  | { readonly [name: string]: VectorValue };
export type VectorFields = { readonly [name: string]: VectorValue };

/** One step of the protocol on fixed inputs. Bytes are hexadecimal. */
export interface Vector {
  readonly id: string;
  /** Where the step is defined. */
  readonly source: string;
  readonly generator: string;
  readonly inputs: VectorFields;
  readonly outputs: VectorFields;
}

const GENERATOR = "test/vectors/generate.ts, the second implementation in test/vectors/second";

export function vector(
  id: string,
  source: string,
  inputs: VectorFields,
  outputs: VectorFields,
): Vector {
  return { id, source, generator: GENERATOR, inputs, outputs };
}

/** The file's text: one field a line, lists of numbers on one line. */
export function vectorsText(vectors: readonly Vector[]): string {
  const text = JSON.stringify({ vectors }, null, 1);
  return `${text.replace(/\[\s+(-?\d[\d\s,-]*)\s+\]/g, (_, list: string) => `[${list.replaceAll(/\s+/g, " ")}]`)}\n`;
}
