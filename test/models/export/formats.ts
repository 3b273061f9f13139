/** A model leaves in the formats of its kind, and the others name those. */
import { expect } from "vitest";
import { type ExportModel, exportFiles } from "../../../models/export/formats.ts";

const UNSTATED = { version: 1, guarantee: null } as never;

/** @param formats In the order in which a refusal names them. */
export function expectFormats(
  exported: ExportModel,
  kind: string,
  formats: readonly string[],
): void {
  for (const format of ["json", "tfjs", "onnx", "scorer", "pmml"]) {
    const write = () => exportFiles(exported, format, UNSTATED);
    if (formats.includes(format)) expect(write().length).toBeGreaterThan(0);
    else {
      const use = formats.join(", ");
      expect(write).toThrow(`--format ${format}: not for ${kind}; use one of ${use}`);
    }
  }
  expect(() => exportFiles(exported, "constructor", UNSTATED)).toThrow("unknown; use one of json");
}
