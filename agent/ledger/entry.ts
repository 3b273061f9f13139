/**
 * The entries of a member's privacy ledger, and the chain that they form: each names the SHA-256 of the
 * one before, and carries a MAC under the ledger's key. Pure.
 */
import { z } from "zod";
import { PARTITIONS } from "../../models/tasks/privacy-events.ts";
import { canonicalJson } from "../../shared/base/canonical.ts";
import { OwnAmendment } from "../../shared/charter/amendment.ts";
import { type MacKey, textHash, textMac } from "../../shared/crypto/hash.ts";
import { LABELS } from "../../shared/crypto/labels.ts";
import { DpEvent } from "../../shared/privacy/accounting/events.ts";

export const Hash = z.string().regex(/^[0-9a-f]{64}$/);
const Signature = z.string().regex(/^[0-9a-f]{128}$/);
/** A data set's population: whose records they are. Known to this member only. */
export const PopulationName = z.string().regex(/^[^\p{Cc}]{1,100}$/u);

export const Budget = z.strictObject({
  epsilon: z.number().positive().max(100),
  delta: z.number().gt(0).lt(0.01),
  /** Fixed with the budget: that makes the filter valid when parameters are chosen adaptively. */
  rdpOrder: z.number().gt(1).max(1024),
});
export type Budget = z.infer<typeof Budget>;

/** Who may renew a budget: so many of these keys together. Fixed when the ledger is made. */
export const Governance = z.strictObject({
  keys: z.array(Hash).min(1).max(100),
  threshold: z.int().min(1),
});
export type Governance = z.infer<typeof Governance>;

/** What a renewal changes, and the one head of one ledger that it applies to. */
export const Renewal = z.strictObject({
  format: z.literal("cloister-ledger-renewal"),
  version: z.literal(1),
  population: PopulationName,
  unit: z.string().nullable(),
  budget: Budget,
  /** `everything`: the budget is for all that was ever spent; `fromHere`: for what is spent from now on. */
  counts: z.enum(["everything", "fromHere"]),
  reason: z.string().min(1).max(2000),
  headSequence: z.int().min(1),
  headHash: Hash,
});
export type Renewal = z.infer<typeof Renewal>;

export const SignedRenewal = z.strictObject({
  renewal: Renewal,
  signatures: z.array(z.strictObject({ key: Hash, signature: Signature })).max(100),
});
export type SignedRenewal = z.infer<typeof SignedRenewal>;

/** How units were divided: the same division keeps the two partitions' units apart, another does not. */
export const Split = z.strictObject({
  fraction: z.number().min(0).max(1),
  salt: z.string(),
  /** SHA-256 of the data file where rows are units: a row is known by its number, in this one file. */
  file: Hash.optional(),
});
export type Split = z.infer<typeof Split>;

const place = { sequence: z.int().min(1), previous: Hash, atMs: z.int().min(0) };

/** The first entry. `lifetime` bounds each population's noised releases for ever, whatever charters and renewals say. */
const Created = z.strictObject({
  ...place,
  kind: z.literal("created"),
  format: z.literal("cloister-ledger"),
  version: z.literal(1),
  nonce: Hash,
  governance: Governance.nullable(),
  lifetime: Budget.nullable(),
});

/** A population, or new units of it. */
const Population = z.strictObject({
  ...place,
  kind: z.literal("population"),
  population: PopulationName,
  unit: z.string().nullable(),
  /** Keyed hashes of some units, ascending, 16 hexadecimal digits each: see `sketch.ts`. */
  sketch: z.string().regex(/^(?:[0-9a-f]{16})*$/),
});

/** A charter under which a population's data is used. Its budget binds the population from now on. */
const Policy = z.strictObject({
  ...place,
  kind: z.literal("policy"),
  population: PopulationName,
  charterHash: Hash,
  budget: Budget.nullable(),
  split: Split,
});

/** Something left, or was about to: written before. */
const Debit = z.strictObject({
  ...place,
  kind: z.literal("debit"),
  population: PopulationName,
  unit: z.string().nullable(),
  /** `all`: each side of the division pays. */
  partition: z.enum([...PARTITIONS, "all"]),
  /** The hash of the run's manifest. */
  runId: z.string(),
  /** Null: carried over from a ledger that did not keep it. */
  round: z.int().min(0).nullable(),
  attempt: z.int().min(0),
  askKind: z.string(),
  /** Null: a release without a privacy guarantee. The costs follow from the event, at any order. */
  event: DpEvent.nullable(),
  /** The vector's public shape; null: carried over from a ledger that did not keep it. */
  parameters: z.strictObject({ dimension: z.int().min(1), ringBits: z.int().min(1) }).nullable(),
  /** The coordinator's key. */
  requester: z.string(),
  charterHash: Hash,
});

/** A charter takes another's place, as this member signed: its budget is to bind from now on. */
const Amended = z.strictObject({
  ...place,
  kind: z.literal("amended"),
  population: PopulationName,
  signed: OwnAmendment,
});

const Renewed = z.strictObject({ ...place, kind: z.literal("renewed"), signed: SignedRenewal });

export const Entry = z.discriminatedUnion("kind", [
  Created,
  Population,
  Policy,
  Debit,
  Renewed,
  Amended,
]);
export type Entry = z.infer<typeof Entry>;
export type DebitEntry = z.infer<typeof Debit>;

/** As it lies on the disk. */
export interface StoredEntry {
  readonly sequence: number;
  /** Canonical JSON of the entry: exactly the bytes that are hashed. */
  readonly text: string;
  /** Hexadecimal. */
  readonly mac: string;
}

/** The end of the chain. */
export interface Head {
  readonly sequence: number;
  readonly hash: string;
}

export const EMPTY: Head = { sequence: 0, hash: "0".repeat(64) };

/** Nothing is written that could not be read again. */
export function sealEntry(key: MacKey, entry: Entry): { stored: StoredEntry; head: Head } {
  if (entry.kind !== "debit") Entry.parse(entry);
  const text = canonicalJson(entry);
  const hash = textHash(LABELS.ledgerEntry, text);
  const stored = { sequence: entry.sequence, text, mac: textMac(key, hash) };
  return { stored, head: { sequence: entry.sequence, hash } };
}

/** Why an entry cannot stand after `head`. */
export type ChainFault = "missing" | "changed" | "reordered";

export function openEntry(
  key: MacKey,
  head: Head,
  stored: StoredEntry,
): { entry: Entry; head: Head } | { fault: ChainFault } {
  if (stored.sequence !== head.sequence + 1) return { fault: "missing" };
  const hash = textHash(LABELS.ledgerEntry, stored.text);
  if (textMac(key, hash) !== stored.mac) return { fault: "changed" };
  const entry = readEntry(stored.text);
  if (entry.sequence !== stored.sequence || entry.previous !== head.hash)
    return { fault: "reordered" };
  return { entry, head: { sequence: entry.sequence, hash } };
}

/** @param text Authentic: its MAC was checked. So debits, which are nearly all, need no other check. */
function readEntry(text: string): Entry {
  const value = JSON.parse(text) as Entry;
  return value.kind === "debit" ? value : Entry.parse(value);
}
