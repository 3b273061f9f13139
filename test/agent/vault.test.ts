/** An agent's folder, written by two processes: the agent, and a person's command. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Vault } from "../../agent/vault.ts";
import { memberIds, smallCharter } from "../support/charters.ts";
import { decisionOn, signedManifest } from "../support/manifests.ts";

const manifest = signedManifest(smallCharter(memberIds(3)));
const approval = decisionOn(manifest, "bank-1");
const veto = decisionOn(manifest, "bank-1", "vetoed");
const { runId } = approval;

let folder = "";
let agents: Vault;
let persons: Vault;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vault-"));
  agents = new Vault(folder);
  persons = new Vault(folder);
});
afterEach(() => {
  agents.close();
  persons.close();
  rmSync(folder, { recursive: true });
});

test("a veto takes the place of an approval", () => {
  agents.saveDecision(approval);
  persons.saveDecision(veto);
  expect(agents.decisionOf(runId)).toEqual(veto);
});

test("a person's veto is not lost to an approval that the agent was about to write", () => {
  expect(agents.decisionOf(runId)).toBeNull();
  persons.saveDecision(veto);
  agents.saveDecision(approval);
  expect(agents.decisionOf(runId)).toEqual(veto);
});
