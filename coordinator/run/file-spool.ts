/** EDGE: one attempt's masked vectors in one file, in the order in which their pieces came. */
import { closeSync, existsSync, openSync, readSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { type AuditRecord, dealtEntries } from "../../shared/audit/record.ts";
import { writeFileAtomic } from "../../shared/edge/files.ts";
import type { DealtPrekeyBatch } from "../../shared/secagg/coordinator-batch.ts";
import type { AttemptSpool } from "./ports.ts";

export const recordPath = (folder: string, round: number): string => join(folder, `${round}.json`);
export const vectorsPath = (folder: string, round: number): string => join(folder, `${round}.bin`);
/** Batches are told apart by their first attempt: unlike their numbers it never repeats in a run. */
export const prekeysPath = (folder: string, firstAttempt: number): string =>
  join(folder, `prekeys-${firstAttempt}.bin`);

/** Where in its round's file a member's masked vector lies, piece by piece. */
interface Piece {
  readonly member: number;
  readonly offset: number;
  readonly length: number;
}

export class FileSpool implements AttemptSpool {
  readonly #folder: string;
  readonly #path: string;
  readonly #file: number;
  readonly #kept: ((round: number) => void) | null;
  #pieces: Piece[] = [];
  #size = 0;

  /** @param kept Told of a round that was kept; null: none is. */
  constructor(folder: string, attempt: number, kept: ((round: number) => void) | null) {
    this.#folder = folder;
    this.#path = join(folder, `attempt-${attempt}.part`);
    this.#file = openSync(this.#path, "w+", 0o600);
    this.#kept = kept;
  }

  add(member: number, bytes: Uint8Array): void {
    let written = 0;
    while (written < bytes.length)
      written += writeSync(
        this.#file,
        bytes,
        written,
        bytes.length - written,
        this.#size + written,
      );
    this.#pieces.push({ member, offset: this.#size, length: bytes.length });
    this.#size += bytes.length;
  }

  *parts(member: number): Iterable<Uint8Array> {
    for (const piece of this.#pieces) {
      if (piece.member !== member) continue;
      const bytes = new Uint8Array(piece.length);
      for (let read = 0; read < piece.length; ) {
        const count = readSync(this.#file, bytes, read, piece.length - read, piece.offset + read);
        if (count === 0) throw new Error("the spool of masked vectors was cut short");
        read += count;
      }
      yield bytes;
    }
  }

  drop(member: number): void {
    this.#pieces = this.#pieces.filter((piece) => piece.member !== member);
  }

  /** The record comes last: a round is kept when it is there. */
  keep(record: AuditRecord, prekeys: DealtPrekeyBatch): void {
    if (!this.#kept) return this.discard();
    closeSync(this.#file);
    const { round } = record;
    renameSync(this.#path, vectorsPath(this.#folder, round));
    const dealt = prekeysPath(this.#folder, record.batch.firstAttempt);
    if (!existsSync(dealt)) writeFileAtomic(dealt, dealtEntries(prekeys), 0o600);
    const content = JSON.stringify({ record, pieces: this.#pieces });
    writeFileAtomic(recordPath(this.#folder, round), content, 0o600);
    this.#kept(round);
  }

  discard(): void {
    closeSync(this.#file);
    rmSync(this.#path, { force: true });
  }
}
