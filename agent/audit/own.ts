/** EDGE: what an agent's folder knows for an audit: identity, pinned keys, evidence; and its way to the coordinator. */
import { existsSync } from "node:fs";
import { signRequest } from "../../shared/audit/request.ts";
import type { OwnFacts } from "../../shared/audit/run-claim.ts";
import { fromHex } from "../../shared/base/bytes.ts";
import { Charter, parseOrRefuse } from "../../shared/charter/charter.ts";
import { identityFromSecret } from "../../shared/crypto/identity.ts";
import { HttpClient } from "../../shared/edge/http-client.ts";
import { osClock, osRng } from "../../shared/edge/os.ts";
import { trustAuthority } from "../../shared/edge/trust.ts";
import type { SignedEntry } from "../../shared/transcript/chain.ts";
import { Evidence, evidencePath } from "../evidence.ts";
import { type Address, checkAddress } from "../link.ts";
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
    const { memberId, room, coordinatorUrl, coordinatorKey, charter } = vault.enrolment();
    const pinnedKeys = vault.pinnedKeys();
    const identity = identityFromSecret(vault.identitySecret(osRng));
    checkAddress({ ...address, url: coordinatorUrl });
    if (address.caPath !== undefined) trustAuthority(address.caPath);
    const key = fromHex(coordinatorKey);
    const http = new HttpClient({
      base: new URL(coordinatorUrl.replace(/^ws/, "http")).origin,
      authorize: (method, path) =>
        signRequest(
          identity,
          { method, path, coordinatorKey: key },
          { room, memberId },
          osClock.nowMs(),
        ),
      remedy: "is it running, and its certificate one that this machine knows (--ca)?",
    });
    const facts = {
      charter: parseOrRefuse(Charter, JSON.parse(charter), "the charter in the vault"),
      coordinatorKey,
      pinnedKeys,
    };
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
