/**
 * EDGE: masked vectors on disk: while an attempt collects them, and, of a run's last released rounds, for
 * members who want to take the sum apart. Vectors of attempts that released nothing are deleted at once.
 */
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../shared/edge/files.ts";
import { AuditRecord } from "./audit-record.ts";
import type { AttemptSpool } from "./run-ports.ts";

/** Where in its round's file a member's masked vector lies, piece by piece. */
interface Piece {
  readonly member: number;
  readonly offset: number;
  readonly length: number;
}

export class Audits {
  readonly #folder: string;
  readonly #keepRounds: number;

  constructor(folder: string, keepRounds: number) {
    this.#folder = folder;
    this.#keepRounds = keepRounds;
  }

  openSpool(runId: string, attempt: number): AttemptSpool {
    const folder = join(this.#folder, runId);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return new FileSpool(folder, attempt, (round) => this.#prune(folder, round));
  }

  /** A released round's record, or null if it is not kept. */
  record(runId: string, round: number): AuditRecord | null {
    const text = readOrNull(join(this.#folder, runId, `${round}.json`));
    return text && AuditRecord.parse(JSON.parse(text.toString()).record);
  }

  /** A survivor's masked vector as it was sent, or null. */
  vector(runId: string, round: number, member: number): Uint8Array | null {
    const text = readOrNull(join(this.#folder, runId, `${round}.json`));
    const vectors = text && readOrNull(join(this.#folder, runId, `${round}.bin`));
    if (!text || !vectors) return null;
    const { pieces } = JSON.parse(text.toString()) as { pieces: Piece[] };
    const own = pieces.filter((piece) => piece.member === member);
    return Buffer.concat(
      own.map(({ offset, length }) => vectors.subarray(offset, offset + length)),
    );
  }

  #prune(folder: string, round: number): void {
    const last = round - this.#keepRounds;
    if (last >= 0)
      for (const kind of ["json", "bin"]) rmSync(join(folder, `${last}.${kind}`), { force: true });
    if (this.#keepRounds > 0) return;
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { force: true });
  }
}

function readOrNull(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch {
    return null;
  }
}

/** One attempt's vectors, in one file, in the order in which their pieces came. */
class FileSpool implements AttemptSpool {
  readonly #folder: string;
  readonly #path: string;
  readonly #file: number;
  readonly #released: (round: number) => void;
  #pieces: Piece[] = [];
  #size = 0;

  constructor(folder: string, attempt: number, released: (round: number) => void) {
    this.#folder = folder;
    this.#path = join(folder, `attempt-${attempt}.part`);
    this.#file = openSync(this.#path, "w+", 0o600);
    this.#released = released;
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

  keep(record: AuditRecord): void {
    closeSync(this.#file);
    const { round } = record;
    renameSync(this.#path, join(this.#folder, `${round}.bin`));
    writeFileAtomic(
      join(this.#folder, `${round}.json`),
      JSON.stringify({ record, pieces: this.#pieces }),
      0o600,
    );
    this.#released(round);
  }

  discard(): void {
    closeSync(this.#file);
    rmSync(this.#path, { force: true });
  }
}
