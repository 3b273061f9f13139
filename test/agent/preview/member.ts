/** EDGE: a member with a table and a ledger in memory, and the gate and the preview of one run there. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readRecords } from "../../../agent/data/records.ts";
import { Gate } from "../../../agent/gate/gate.ts";
import type { RunQuestion } from "../../../agent/gate/messages.ts";
import { type Account, openAccount } from "../../../agent/ledger/account.ts";
import { type Preview, previewOf } from "../../../agent/preview/preview.ts";
import type { EncodedTable } from "../../../models/features/encoder.ts";
import type { Rng } from "../../../shared/base/env.ts";
import { reproducibleRng } from "../../../shared/base/reproducible.ts";
import type { Charter } from "../../../shared/charter/charter.ts";
import type { Manifest } from "../../../shared/charter/manifest.ts";
import { memberIds, smallCharter, smallTable } from "../../support/charters.ts";
import { questionOf, signedManifest } from "../../support/manifests.ts";
import { memoryLedger, SECRET } from "../ledger/ledgers.ts";

export interface PreviewedMember {
  readonly charter: Charter;
  readonly manifest: Manifest;
  readonly question: RunQuestion;
  readonly table: EncodedTable;
  readonly account: Account;
  readonly gate: Gate;
  /** Anew each time. */
  readonly preview: (withSample?: boolean) => Preview;
}

export async function previewedMember(
  plan: Partial<Manifest> = {},
  terms: Partial<Charter> = {},
): Promise<PreviewedMember> {
  const charter = { ...smallCharter(memberIds(3)), ...terms };
  const manifest = signedManifest(charter, plan);
  const question = questionOf(manifest);
  const folder = mkdtempSync(join(tmpdir(), "preview-"));
  const dataPath = join(folder, "bank-1.csv");
  writeFileSync(dataPath, smallTable("bank-1", 60));
  const place = { charter, dataPath, population: "bank-1", requester: manifest.coordinatorKey };
  const { table, terms: opened } = await readRecords(place, SECRET, 0);
  rmSync(folder, { recursive: true });
  const account = openAccount(memoryLedger(), opened);
  // Both draw the same, so that they can be held against each other.
  const draws = (): Rng => reproducibleRng("preview");
  const { data } = table;
  const gate = new Gate({ charter, memberId: "bank-1", data, ledger: account, rng: draws() });
  const shown = { charter, question: { ...question, decisions: null }, table, account };
  const preview = (withSample = true): Preview => previewOf({ ...shown, rng: draws(), withSample });
  return { charter, manifest, question, table, account, gate, preview };
}
