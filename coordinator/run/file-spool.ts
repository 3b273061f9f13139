/** EDGE: one attempt's masked vectors in one file, in the order in which their pieces came. */
import { closeSync, existsSync, openSync, readSync, renameSync, rmSync, writevSync } from "node:fs";
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

/** A round that is kept, and the batch of prekeys that it needs. */
export interface KeptRound {
  readonly round: number;
  readonly firstAttempt: number;
}

/** Held until the attempt is over or more has come: a short vector is written sooner with others than alone. */
const HELD_BYTES_MAX = 4 * 1024 * 1024;

export class FileSpool implements AttemptSpool {
  readonly #folder: string;
  readonly #path: string;
  readonly #kept: ((round: KeptRound) => void) | null;
  #pieces: Piece[] = [];
  #size = 0;
  /** Opened once there is something to write. */
  #file: number | null = null;
  /** What is in the file; behind it comes what is held, in order. */
  #written = 0;
  #held: Uint8Array[] = [];

  /** @param kept Told of a round that was kept; null: none is. */
  constructor(folder: string, attempt: number, kept: ((round: KeptRound) => void) | null) {
    this.#folder = folder;
    this.#path = join(folder, `attempt-${attempt}.part`);
    this.#kept = kept;
  }

  /** @param bytes Copied: the frame that they came in is given back. */
  add(member: number, bytes: Uint8Array): void {
    this.#held.push(bytes.slice());
    this.#pieces.push({ member, offset: this.#size, length: bytes.length });
    this.#size += bytes.length;
    if (this.#size - this.#written > HELD_BYTES_MAX) this.#write();
  }

  /** All that is held, to the file. */
  #write(): number {
    this.#file ??= openSync(this.#path, "w+", 0o600);
    let left = this.#held.splice(0);
    while (left.length > 0) {
      const count = writevSync(this.#file, left, this.#written);
      this.#written += count;
      left = rest(left, count);
    }
    return this.#file;
  }

  *parts(member: number): Iterable<Uint8Array> {
    const file = this.#write();
    for (const piece of this.#pieces) {
      if (piece.member !== member) continue;
      const bytes = new Uint8Array(piece.length);
      for (let read = 0; read < piece.length; ) {
        const count = readSync(file, bytes, read, piece.length - read, piece.offset + read);
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
    closeSync(this.#write());
    const { round, batch } = record;
    renameSync(this.#path, vectorsPath(this.#folder, round));
    const dealt = prekeysPath(this.#folder, batch.firstAttempt);
    if (!existsSync(dealt)) writeFileAtomic(dealt, dealtEntries(prekeys), 0o600);
    const content = JSON.stringify({ record, pieces: this.#pieces });
    writeFileAtomic(recordPath(this.#folder, round), content, 0o600);
    this.#kept({ round, firstAttempt: batch.firstAttempt });
  }

  discard(): void {
    this.#held = [];
    if (this.#file === null) return;
    closeSync(this.#file);
    rmSync(this.#path, { force: true });
  }
}

/** What is left of the pieces behind their first `count` bytes. */
function rest(pieces: readonly Uint8Array[], count: number): Uint8Array[] {
  const left: Uint8Array[] = [];
  let passed = 0;
  for (const piece of pieces) {
    const done = Math.min(piece.length, Math.max(0, count - passed));
    passed += piece.length;
    if (done < piece.length) left.push(piece.subarray(done));
  }
  return left;
}
