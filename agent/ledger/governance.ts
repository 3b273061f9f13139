/** Renewals: proposed for a ledger's present head, signed elsewhere, applied as one more entry. Pure. */
import { toHex } from "../../shared/base/bytes.ts";
import { badInput } from "../../shared/base/errors.ts";
import type { Identity } from "../../shared/crypto/identity.ts";
import type { Book, Population } from "./book.ts";
import type { Budget, Renewal, SignedRenewal } from "./entry.ts";
import type { Ledger } from "./ledger.ts";
import { checkRenewal, renewalStatement } from "./renewal.ts";

export interface Proposal {
  readonly population: string;
  readonly budget: Budget;
  readonly counts: Renewal["counts"];
  readonly reason: string;
}

/** @throws {CloisterError} If the ledger knows no such population. */
export function proposeRenewal(book: Book, proposal: Proposal): SignedRenewal {
  const { unit } = knownPopulation(book, proposal.population);
  const about = { format: "cloister-ledger-renewal", version: 1 } as const;
  const place = { headSequence: book.head.sequence, headHash: book.head.hash };
  return { renewal: { ...about, ...proposal, unit, ...place }, signatures: [] };
}

/** One more signature; signing twice is signing once. */
export function signRenewal(
  { renewal, signatures }: SignedRenewal,
  signer: Identity,
): SignedRenewal {
  const key = toHex(signer.publicKey);
  const signature = toHex(signer.sign(renewalStatement(renewal)));
  const others = signatures.filter((known) => known.key !== key);
  return { renewal, signatures: [...others, { key, signature }] };
}

/** @throws {CloisterError} `renewal.…` If it is not for this ledger as it is now, or not signed by enough. */
export function applyRenewal(ledger: Ledger, signed: SignedRenewal): void {
  ledger.write((book) => {
    checkRenewal(signed, book.governance, book.head);
    const { unit, name } = knownPopulation(book, signed.renewal.population);
    if (unit !== signed.renewal.unit)
      throw badInput("renewal.other-unit", `the renewal names another unit than "${name}" has`);
    return [{ kind: "renewed", signed }];
  });
}

export function knownPopulation(book: Book, name: string): Population {
  const population = book.populations.get(name);
  if (population) return population;
  const names = [...book.populations.keys()].map((known) => `"${known}"`).join(", ");
  const remedy = names === "" ? "it knows none yet" : `it knows ${names}`;
  throw badInput(
    "ledger.unknown-population",
    `the ledger knows no population "${name}"; ${remedy}`,
  );
}
