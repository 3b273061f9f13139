/** What a run leaves behind as it ends: its model's card and its privacy statement, and all their hashes. Pure. */

import type { ExportFile } from "../../models/export/formats.ts";
import { toHex, utf8 } from "../../shared/base/bytes.ts";
import { canonicalJson, type Json } from "../../shared/base/canonical.ts";
import { CloisterError } from "../../shared/base/errors.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import { sha256 } from "../../shared/crypto/hash.ts";
import { type ExportInputs, modelFiles } from "../cli/export.ts";
import type { EndHashes } from "../room/events.ts";
import { foldRun, type RunEvent } from "./events.ts";
import { statementOf } from "./statement.ts";

export interface RunDocuments {
  readonly hashes: EndHashes;
  /** Canonical texts; null: there is none. */
  readonly modelCard: string | null;
  readonly privacyStatement: string | null;
}

/**
 * @param events All of the run's, its end among them.
 * @param state The task's last.
 * @param createdAt The run's, ISO 8601.
 */
export function runDocuments(
  charter: Charter,
  events: readonly RunEvent[],
  state: Uint8Array | null,
  createdAt: string,
): RunDocuments | null {
  const run = foldRun(events);
  if (!run) return null;
  // A probe reads no record: there is nothing to state.
  if (run.manifest.task.kind === "probe") return documents(run.head, null, null, null);
  const statement = statementOf(charter, run.manifest, events);
  const privacyStatement = canonicalText(statement);
  if (!state || run.status !== "completed")
    return documents(run.head, null, null, privacyStatement);
  const inputs = { charter, run, state, statement, format: "json", createdAt, scorerReader: "" };
  const files = filesOrNone(inputs);
  const content = (name: string): string | Uint8Array | undefined =>
    files.find((file) => file.name === name)?.content;
  const model = content("model.json");
  const card = content("model-card.json");
  const modelCard = typeof card === "string" ? canonicalText(JSON.parse(card)) : null;
  const modelHash = model === undefined ? null : hashOf(model);
  return documents(run.head, modelHash, modelCard, privacyStatement);
}

/** A run ends whatever becomes of its model: one with layers that stay with the members is handed out by nobody. */
function filesOrNone(inputs: ExportInputs): readonly ExportFile[] {
  try {
    return modelFiles(inputs);
  } catch (error) {
    if (error instanceof CloisterError) return [];
    throw error;
  }
}

function documents(
  head: string,
  modelHash: string | null,
  modelCard: string | null,
  privacyStatement: string | null,
): RunDocuments {
  const cardHash = modelCard === null ? null : hashOf(modelCard);
  const statementHash = privacyStatement === null ? null : hashOf(privacyStatement);
  return { hashes: { head, modelHash, cardHash, statementHash }, modelCard, privacyStatement };
}

const hashOf = (content: string | Uint8Array): string =>
  toHex(sha256(typeof content === "string" ? utf8(content) : content));

/** By way of JSON, which knows no `undefined` and no ε without bound. */
function canonicalText(value: object): string {
  return canonicalJson(JSON.parse(JSON.stringify(value)) as Json);
}
