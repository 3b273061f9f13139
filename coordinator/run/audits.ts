/**
 * EDGE: masked vectors on disk: while an attempt collects them, and, of a run's last released rounds, for
 * members who want to take the sum apart. Vectors of attempts that released nothing are deleted at once.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { AuditRecord } from "../../shared/audit/record.ts";
import { badInput, CloisterError } from "../../shared/base/errors.ts";
import { FileSpool, type KeptRound, prekeysPath, recordPath, vectorsPath } from "./file-spool.ts";
import type { AttemptSpool } from "./ports.ts";

const Count = z.int().min(0);
/** A record, and where in the round's file each piece of the members' vectors lies. */
const Kept = z.strictObject({
  record: AuditRecord,
  pieces: z.array(z.strictObject({ member: Count, offset: Count, length: Count })),
});
type Kept = z.infer<typeof Kept>;

export class Audits {
  readonly #folder: string;
  readonly #keepRounds: number;
  /** Of runs under way, as known since the first round that was kept here: a folder is listed once. */
  readonly #kept = new Map<string, readonly KeptRound[]>();

  constructor(folder: string, keepRounds: number) {
    this.#folder = folder;
    this.#keepRounds = keepRounds;
  }

  /** Deletes what attempts under way left behind when the last coordinator died. None may be under way. */
  deleteLeftovers(): void {
    for (const run of entriesOf(this.#folder))
      for (const name of entriesOf(join(this.#folder, run)))
        if (/^attempt-\d+\.part$|\.tmp$/.test(name)) rmSync(join(this.#folder, run, name));
  }

  /** Deletes all that is kept of a run. */
  forget(runId: string): void {
    this.#kept.delete(runId);
    rmSync(join(this.#folder, runId), { recursive: true, force: true });
  }

  openSpool(runId: string, attempt: number): AttemptSpool {
    const folder = join(this.#folder, runId);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const kept = this.#keepRounds > 0 ? (last: KeptRound) => this.#prune(runId, last) : null;
    return new FileSpool(folder, attempt, kept);
  }

  /** Rounds of a run that can be taken apart, ascending. */
  keptRounds(runId: string): number[] {
    return numbered(join(this.#folder, runId), /^(\d+)\.json$/);
  }

  /** @throws {CloisterError} If the round is not kept; says which are. */
  record(runId: string, round: number): AuditRecord {
    return this.#read(runId, round).record;
  }

  /** What was dealt in the batch of prekeys that served the round. @throws {CloisterError} As `record`. */
  prekeys(runId: string, round: number): Promise<Uint8Array> {
    const { firstAttempt } = this.#read(runId, round).record.batch;
    const path = prekeysPath(join(this.#folder, runId), firstAttempt);
    return this.#opened(path, runId, round, async (file) => file.readFile());
  }

  /**
   * A survivor's masked vector as it was sent; empty if there is none of this member.
   *
   * @throws {CloisterError} As `record`.
   */
  vector(runId: string, round: number, member: number): Promise<Uint8Array> {
    const own = this.#read(runId, round).pieces.filter((piece) => piece.member === member);
    const path = vectorsPath(join(this.#folder, runId), round);
    return this.#opened(path, runId, round, async (file) => {
      const vector = new Uint8Array(own.reduce((size, { length }) => size + length, 0));
      let at = 0;
      for (const { offset, length } of own) {
        await file.read(vector, at, length, offset);
        at += length;
      }
      return vector;
    });
  }

  #read(runId: string, round: number): Kept {
    const kept = this.keptRounds(runId);
    if (!kept.includes(round)) throw notKept(runId, round, kept);
    let content: unknown;
    try {
      content = JSON.parse(readFileSync(recordPath(join(this.#folder, runId), round), "utf8"));
    } catch {
      content = null;
    }
    const parsed = Kept.safeParse(content);
    if (parsed.success) return parsed.data;
    throw damaged(runId, round);
  }

  async #opened<T>(
    path: string,
    runId: string,
    round: number,
    body: (file: FileHandle) => Promise<T>,
  ): Promise<T> {
    let file: FileHandle | null = null;
    try {
      file = await open(path);
      return await body(file);
    } catch (cause) {
      throw damaged(runId, round, cause);
    } finally {
      await file?.close();
    }
  }

  /** Lets go of all rounds but the last, and of prekeys that no kept round needs. */
  #prune(runId: string, last: KeptRound): void {
    const folder = join(this.#folder, runId);
    const known = this.#kept.get(runId);
    const rounds = [...(known ?? this.#found(runId, last)), last];
    const first = last.round - this.#keepRounds + 1;
    const left = rounds.filter(({ round }) => round >= first);
    const needed = left[0]?.firstAttempt ?? last.firstAttempt;
    for (const { round } of rounds) {
      if (round >= first) continue;
      rmSync(recordPath(folder, round), { force: true });
      rmSync(vectorsPath(folder, round), { force: true });
    }
    const batches = known
      ? new Set(rounds.map(({ firstAttempt }) => firstAttempt))
      : numbered(folder, /^prekeys-(\d+)\.bin$/);
    for (const batch of batches)
      if (batch < needed) rmSync(prekeysPath(folder, batch), { force: true });
    this.#kept.set(runId, left);
  }

  /** What an earlier process kept of the run. */
  #found(runId: string, last: KeptRound): KeptRound[] {
    const others = this.keptRounds(runId).filter((round) => round !== last.round);
    return others.map((round) => {
      const { firstAttempt } = this.#read(runId, round).record.batch;
      return { round, firstAttempt };
    });
  }
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Numbers in the names that match, ascending. */
function numbered(folder: string, name: RegExp): number[] {
  return entriesOf(folder)
    .flatMap((entry) => name.exec(entry)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

function notKept(runId: string, round: number, kept: readonly number[]): CloisterError {
  const [first] = kept;
  const which =
    first === undefined
      ? "no round of this run is kept"
      : `kept are rounds ${first} to ${kept.at(-1)}`;
  return badInput(
    "audit.not-kept",
    `round ${round} of run ${runId.slice(0, 12)} is not kept for audits; ${which} (audit.keepRounds in the coordinator's configuration)`,
  );
}

function damaged(runId: string, round: number, cause?: unknown): CloisterError {
  return new CloisterError(
    "audit.unreadable",
    `what the coordinator kept of round ${round} of run ${runId.slice(0, 12)} cannot be read; its disk was changed or is damaged, or the round was let go meanwhile`,
    1,
    cause,
  );
}
