/** EDGE: `cloister audit export`: a regulator's pack, which is a room's history and the documents that belong to it. */

import { z } from "zod";
import { utf8 } from "../../shared/base/bytes.ts";
import { parseCanonical } from "../../shared/base/canonical.ts";
import { counted } from "../../shared/base/counted.ts";
import { badInput } from "../../shared/base/errors.ts";
import { readSmallFile, writeFileAtomic } from "../../shared/edge/files.ts";
import { print, printJson } from "../../shared/edge/terminal.ts";
import { Document } from "../../shared/transcript/room/document.ts";
import { linesOf, lineText, parseLine } from "../../shared/transcript/room/entry.ts";
import type { RoomState } from "../../shared/transcript/room/state.ts";
import { copyPath } from "../transcript-copy.ts";
import { unlessGrowing } from "./growing.ts";
import { NOBODY, ownKnowledge } from "./knowledge.ts";
import { openOwnSide } from "./own.ts";
import type { AuditSource } from "./replay.ts";
import { verified } from "./verify.ts";

const BYTES_MAX = 1024 * 1024 * 1024;

export interface ExportOptions {
  readonly room?: string | boolean;
  readonly folder?: string;
  readonly config: string;
  readonly tokenFile?: string;
  readonly ca?: string;
  readonly allowPlain?: boolean;
  readonly ledger?: string[];
  readonly bare?: boolean;
  readonly out?: string;
  readonly json?: boolean;
}

/** @param tokenSource What a configuration file and a token give access to. */
export async function exportPack(
  run: string | undefined,
  options: ExportOptions,
  tokenSource: (place: Pick<ExportOptions, "config" | "tokenFile">) => AuditSource,
): Promise<void> {
  const { room, folder, ca: caPath, allowPlain, json } = options;
  if ((run === undefined) === (room === undefined))
    throw badInput("audit.scope", "name one run, or --room for all of a room's");
  const own = folder === undefined ? null : openOwnSide(folder, { caPath, allowPlain });
  const source = own?.http ?? tokenSource(options);
  const trust = folder === undefined ? NOBODY.trust : ownKnowledge(folder).trust;
  const held = (name: string, bytes: Uint8Array) => {
    return { copy: bytes, state: verified(name, bytes, trust).state };
  };
  const path = folder === undefined ? null : copyPath(folder);
  const { copy, state } =
    path === null
      ? held("the coordinator's history", await source.bytes(transcriptPath(room), BYTES_MAX))
      : await unlessGrowing(path, () => held(path, readSmallFile(path)));
  const documents = options.bare ? [] : await documentsOf(state, run, source);
  for (const path of options.ledger ?? []) documents.push(readExtract(path));
  const pack = new Uint8Array(Buffer.concat([copy, utf8(documents.map(lineText).join(""))]));
  const out = options.out ?? `${state.room}-pack.jsonl`;
  verified(out, pack, trust);
  writeFileAtomic(out, pack);
  if (json) return printJson({ type: "exported", out, documents: documents.length });
  print(`Wrote ${out}: the room's whole history and ${counted(documents.length, "document")}.`);
  print(`Whoever gets it checks it with: cloister audit verify ${out}`);
}

function transcriptPath(room: string | boolean | undefined): string {
  const query = typeof room === "string" ? `?room=${encodeURIComponent(room)}` : "";
  return `/v1/transcript${query}`;
}

const Handed = z.strictObject({
  modelCard: z.string().nullable(),
  privacyStatement: z.string().nullable(),
});

/** Of the runs in question: whatever their ends name and the coordinator hands out. */
async function documentsOf(
  { runs }: RoomState,
  prefix: string | undefined,
  source: AuditSource,
): Promise<Document[]> {
  const asked = [...runs].filter(([runId]) => runId.startsWith(prefix ?? ""));
  if (prefix !== undefined && asked.length !== 1)
    throw badInput("run.unknown", `${prefix}: ${asked.length} runs of this room begin so`);
  const documents: Document[] = [];
  for (const [runId, { end }] of asked) {
    if (!end?.cardHash && !end?.statementHash) continue;
    const bytes = await source.bytes(`/v1/runs/${runId}/documents`, BYTES_MAX);
    const handed = Handed.safeParse(JSON.parse(Buffer.from(bytes).toString("utf8"))).data;
    for (const kind of ["modelCard", "privacyStatement"] as const) {
      const content = parseCanonical(handed?.[kind] ?? "");
      const document = Document.safeParse({ kind, runId, content }).data;
      if (document) documents.push(document);
    }
  }
  return documents;
}

/** @throws {CloisterError} If the file is not what "cloister ledger extract" wrote. */
function readExtract(path: string): Document {
  const [line, ...more] = linesOf(readSmallFile(path));
  const document = parseLine(line ?? "");
  if (document && "kind" in document && more.length === 0) return document;
  throw badInput("ledger.not-an-extract", `${path}: not what "cloister ledger extract" writes`);
}
