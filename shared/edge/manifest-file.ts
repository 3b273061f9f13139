/** EDGE: a manifest as a file. */
import { badInput } from "../base/errors.ts";
import { parseOrRefuse } from "../charter/charter.ts";
import { Manifest } from "../charter/manifest.ts";
import { readSmallFile } from "./files.ts";

/** @throws {CloisterError} If the file cannot be read, or is none; says what is wrong with it. */
export function readManifest(path: string): Manifest {
  return parseOrRefuse(Manifest, jsonIn(path), path);
}

function jsonIn(path: string): unknown {
  const text = readSmallFile(path).toString("utf8");
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw badInput("file.not-json", `${path}: not JSON; a manifest is one JSON object`, cause);
  }
}
