/** EDGE: opens a ledger's files: makes them where they may be made, and finds what was done to them since. */
import { existsSync } from "node:fs";
import type { Clock, Rng } from "../../shared/base/env.ts";
import { damaged } from "./damage.ts";
import { firstAnchor, Ledger, type LedgerSettings } from "./ledger.ts";
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
  for (const file of [path, keyPath(path), anchorPath(path)])
    if (!existsSync(file)) throw damaged(path, `${file} is missing`);
  const opened = openLedger(path, env);
  if (opened.ledger.book.id === (id ?? opened.ledger.book.id)) return opened;
  opened.ledger.close();
  throw damaged(path, "it is not the ledger that this agent was enrolled with");
}
