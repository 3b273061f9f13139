/** EDGE: what an agent's folder knows for an audit: pinned keys, evidence; and its way to the coordinator. */
import { existsSync } from "node:fs";
import type { OwnFacts } from "../../shared/audit/run-claim.ts";
import { Charter, charterHash, parseOrRefuse } from "../../shared/charter/charter.ts";
import type { HttpClient } from "../../shared/edge/http-client.ts";
import type { SignedEntry } from "../../shared/transcript/chain.ts";
import { Evidence, evidencePath } from "../evidence.ts";
import type { Address } from "../link.ts";
import { memberHttp } from "../member-http.ts";
import { Vault } from "../vault.ts";

export interface OwnSide {
  readonly facts: OwnFacts;
  readonly memberId: string;
  readonly room: string;
  /** What the coordinator signed for this member, of all runs. */
  readonly entries: readonly SignedEntry[];
  readonly http: HttpClient;
}

/** @throws {CloisterError} If no agent was set up in the folder, or its address is not one to use. */
export function openOwnSide(folder: string, address: Omit<Address, "url">): OwnSide {
  const vault = Vault.openExisting(folder);
  try {
    const { memberId, room, coordinatorKey, charter: text } = vault.enrolment();
    const keyTrails = vault.keys.trails();
    const http = memberHttp(vault, address);
    const current = parseOrRefuse(Charter, JSON.parse(text), "the charter in the vault");
    const charterHashes = new Set([...vault.charters.past(), current].map(charterHash));
    const facts = { charterHashes, coordinatorKey, keyTrails };
    return { facts, memberId, room, entries: readEvidence(folder), http };
  } finally {
    vault.close();
  }
}

/** What the coordinator signed for this member, of all runs. */
export function readEvidence(folder: string): SignedEntry[] {
  const path = evidencePath(folder);
  if (!existsSync(path)) return [];
  const evidence = new Evidence(path);
  try {
    return evidence.entries("");
  } finally {
    evidence.close();
  }
}
