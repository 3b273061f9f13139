/** An agent's folder, written by two processes: the agent, and a person's command. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { PROPOSALS_MAX, Vault } from "../../agent/vault.ts";
import { DAY_MS } from "../../shared/base/calendar.ts";
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

test("a flood of proposals ends at a bound, and pushes out nothing that waits", () => {
  const proposed = (number: number, receivedAtMs = number): boolean => {
    const id = number.toString(16).padStart(64, "0");
    return agents.saveProposal({ runId: id, manifest: "{}", receivedAtMs, reasons: [] });
  };
  for (let i = 0; i < PROPOSALS_MAX; i++) expect(proposed(i)).toBe(true);
  expect(proposed(PROPOSALS_MAX)).toBe(false);
  expect(proposed(0)).toBe(true);
  agents.closeProposal("0".repeat(64), "expired");
  expect(proposed(PROPOSALS_MAX)).toBe(false);
  expect(proposed(PROPOSALS_MAX, 91 * DAY_MS)).toBe(true);
  expect(agents.proposals()).toHaveLength(PROPOSALS_MAX);
});
