/** EDGE: opens a ledger's files: makes them where they may be made, and finds what was done to them since. */
import { existsSync } from "node:fs";
import type { Clock, Rng } from "../../shared/base/env.ts";
import { damaged } from "./damage.ts";
import { firstAnchor, Ledger, type LedgerSettings } from "./ledger.ts";
import { SnapshotStore } from "./snapshot.ts";
import { anchorPath, FileStore, keyPath, ledgerSecret } from "./store.ts";

export interface OpenedLedger {
  readonly ledger: Ledger;
  readonly store: FileStore;
  /** Keys everything that is computed from the ledger's secret. */
  readonly secret: Uint8Array;
}

export const OPEN_SETTINGS: LedgerSettings = { governance: null, lifetime: null };

/** The ledger at `path`; a new one, with these settings, where there is none. */
export function openLedger(
  path: string,
  { clock, rng, settings = OPEN_SETTINGS }: { clock: Clock; rng: Rng; settings?: LedgerSettings },
): OpenedLedger {
  const secret = ledgerSecret(path, rng);
  const store = new FileStore(path, firstAnchor(secret));
  const ledger = new Ledger(store, secret, clock);
  ledger.create(settings, rng);
  return { ledger, store, secret };
}

/**
 * A ledger that was made before.
 *
 * @param id What the vault remembers of it; null: nothing.
 * @throws {CloisterError} If it is gone, or another one.
 */
export function openKnownLedger(
  path: string,
  id: string | null,
  env: { clock: Clock; rng: Rng },
): OpenedLedger {
  requireFiles(path);
  const opened = openLedger(path, env);
  requireSame(opened.ledger, id);
  return opened;
}

/**
 * A ledger as it is now, without touching it: what is entered stays in this process and ends with it.
 *
 * @throws {CloisterError} As `openKnownLedger`.
 */
export function openSnapshot(
  path: string,
  id: string | null,
  { clock, rng }: { clock: Clock; rng: Rng },
): Pick<OpenedLedger, "ledger" | "secret"> {
  requireFiles(path);
  const secret = ledgerSecret(path, rng);
  const ledger = new Ledger(new SnapshotStore(path), secret, clock);
  requireSame(ledger, id);
  return { ledger, secret };
}

function requireFiles(path: string): void {
  for (const file of [path, keyPath(path), anchorPath(path)])
    if (!existsSync(file)) throw damaged(path, `${file} is missing`);
}

function requireSame(ledger: Ledger, id: string | null): void {
  if (ledger.book.id === (id ?? ledger.book.id)) return;
  ledger.close();
  throw damaged(ledger.path, "it is not the ledger that this agent was enrolled with");
}
