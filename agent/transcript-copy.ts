/**
 * EDGE: this member's own copy of its room's history: a text file that only grows. What the coordinator adds is
 * checked before it is written, and signed for once it is durable. A coordinator whose additions do not follow from
 * what is here, or from what it told this member as rounds opened, is caught, and what it sent is kept.
 */
import { existsSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { equalBytes, fromHex, utf8 } from "../shared/base/bytes.ts";
import { canonicalJson } from "../shared/base/canonical.ts";
import { CloisterError, EXIT } from "../shared/base/errors.ts";
import type { Identity } from "../shared/crypto/identity.ts";
import type { AgentMessage, CoordinatorMessage } from "../shared/protocol/messages.ts";
import type { SignedEntry } from "../shared/transcript/chain.ts";
import { linesOf, parseLine, type SignedHead } from "../shared/transcript/room/entry.ts";
import {
  followInPlace,
  type History,
  newHistory,
  type RoomFault,
  type RoomTrust,
} from "../shared/transcript/room/history.ts";
import type { RoomState } from "../shared/transcript/room/state.ts";
import { cosignStatement } from "../shared/transcript/room/statements.ts";
import { sizeOf } from "../shared/transcript/room/tree.ts";
import type { Answers } from "./ledger/account.ts";
import { OwnPast, putBack } from "./own-past.ts";

export const copyPath = (folder: string): string => join(folder, "transcript.jsonl");
/** Why the coordinator was caught, and what it sent. While it is there, this member takes part in nothing. */
export const refusedPath = (folder: string): string => join(folder, "transcript-refused.jsonl");

export interface CopyParams {
  readonly folder: string;
  readonly memberId: string;
  readonly identity: Identity;
  readonly trust: RoomTrust;
  /** How many entries this member has signed for, and the root over them; durable when it returns. */
  readonly saveCosigned: (size: number, root: string) => void;
  readonly send: (message: AgentMessage) => void;
  /** Members' keys, the charter or its amendments are other than before. */
  readonly heard: (state: RoomState) => void;
  /** The copy cannot be written. */
  readonly failed: (error: unknown) => void;
  /** The coordinator is caught. */
  readonly caught: (fault: RoomFault) => void;
  /** This member has signed for more than its folder remembers. */
  readonly putBack: (error: CloisterError) => void;
}

export class TranscriptCopy {
  readonly #params: CopyParams;
  readonly #history: History;
  readonly #past: OwnPast;
  /** Of each run the last round seen to open that the copy does not reach yet: its head holds all before. */
  readonly #openings = new Map<string, { readonly round: number; readonly head: Uint8Array }>();
  #cosigned: number;
  #fault: RoomFault | null = null;
  /** Who had how many keys since when, how many were revoked, and the charter's edition, when that was last handed on. */
  #told = "";
  #written: Promise<FileHandle>;

  /** @throws {CloisterError} If the file is not as this agent wrote it, or the folder is an older copy of itself. */
  constructor(params: CopyParams) {
    this.#params = params;
    this.#past = new OwnPast(params);
    this.#history = readCopy(copyPath(params.folder), params.trust, this.#past);
    this.#cosigned = Math.max(0, ...params.trust.heads.keys());
    if (this.#isPutBack) throw putBack(params.folder, this.#past.cosigned, this.#cosigned);
    this.#tell();
    if (existsSync(refusedPath(params.folder)))
      this.#fault = { code: "known", entry: sizeOf(this.#history.tree), text: "caught before" };
    this.#written = open(copyPath(params.folder), "a", 0o600);
    this.#written.catch(params.failed);
  }

  /** Null: as far as this member has seen, there is one history. */
  get fault(): RoomFault | null {
    return this.#fault;
  }

  /** Entries that are here. */
  get size(): number {
    return sizeOf(this.#history.tree);
  }

  /** What this member answered by the history's word, each told once: its ledger has to know. */
  takeAnswers(): Answers[] {
    return this.#past.takeAnswers();
  }

  /** A session begins: the coordinator has to know from where on to go. */
  announce(): void {
    this.#params.send({ type: "roomHeld", size: this.size });
  }

  /** What the coordinator signed for this member as a round opened has to be what the room's history says. */
  saw(entry: SignedEntry): void {
    if (entry.kind !== "roundOpened") return;
    this.#openings.set(entry.runId, entry);
    this.#compareOpenings();
  }

  extend({ from, lines: text }: Extract<CoordinatorMessage, { type: "roomExtended" }>): void {
    if (this.#fault) return;
    const fault = this.#follow(from, text);
    if (fault) return this.#catch(fault, text);
    this.#tell();
    const { head, lastEvent } = this.#history;
    const isPutBack = this.#isPutBack;
    const toSign = head && lastEvent > this.#cosigned && !isPutBack ? head : null;
    if (toSign) this.#cosigned = toSign.size;
    this.#written = this.#written.then(async (file) => {
      await file.appendFile(text);
      await file.datasync();
      if (toSign) this.#cosign(toSign);
      return file;
    });
    this.#written.catch(this.#params.failed);
    this.#compareOpenings();
    const { folder } = this.#params;
    if (isPutBack) this.#params.putBack(putBack(folder, this.#past.cosigned, this.#cosigned));
  }

  /** What it signed is remembered before it is told. */
  get #isPutBack(): boolean {
    return this.#past.cosigned > this.#cosigned;
  }

  async close(): Promise<void> {
    const file = await this.#written.catch(() => null);
    await file?.close();
  }

  #follow(from: number, text: string): RoomFault | null {
    const { trust } = this.#params;
    const history = this.#history;
    const size = sizeOf(history.tree);
    if (from !== size) {
      const what = `the coordinator goes on from entry ${from}, and ${size} are here`;
      return { code: "order", entry: Math.min(from, size), text: what };
    }
    if (text === "") return null;
    for (const line of linesOf(utf8(text))) {
      const fault = followInPlace(history, line, trust);
      if (fault) return fault;
      this.#past.see(history);
    }
    if (history.head?.size === sizeOf(history.tree) && history.documents.length === 0) return null;
    return { code: "cutOff", entry: size, text: "no signed head covers the last entries" };
  }

  #tell(): void {
    const { state } = this.#history;
    if (!state) return;
    const seats = [...state.trails].map(([id, { since, keys }]) => `${id} ${since} ${keys.length}`);
    const { editions, amendments } = state;
    const rules = [editions.length, amendments.length, amendments.at(-1)?.phase];
    const said = [...seats, state.revoked.size, ...rules].join();
    if (said !== this.#told) this.#params.heard(state);
    this.#told = said;
  }

  #cosign({ size, root }: SignedHead): void {
    const { memberId, identity, saveCosigned, send } = this.#params;
    saveCosigned(size, root);
    const room = this.#history.state?.room ?? "";
    const statement = cosignStatement(room, memberId, { size, root: fromHex(root) });
    send({ type: "headCosigned", size, signature: identity.sign(statement) });
  }

  #compareOpenings(): void {
    for (const [runId, { round, head }] of this.#openings) {
      const written = this.#history.state?.runs.get(runId)?.heads[round];
      if (!written) continue;
      this.#openings.delete(runId);
      if (equalBytes(written, head) || this.#fault) continue;
      const what = `as round ${round} of run ${runId.slice(0, 12)} opened, the coordinator signed another history of it than the room's`;
      this.#catch({ code: "event", entry: sizeOf(this.#history.tree), text: what }, "");
    }
  }

  #catch(fault: RoomFault, sent: string): void {
    this.#fault = fault;
    const { folder, caught, failed } = this.#params;
    const { code, entry, text } = fault;
    const why = canonicalJson({ code, entry, text });
    try {
      writeFileSync(refusedPath(folder), `${why}\n${sent}`, { mode: 0o600 });
    } catch (error) {
      failed(error);
    }
    caught(fault);
  }
}

/**
 * What a crash left behind the last signed head is cut off: the coordinator sends it again.
 *
 * @throws {CloisterError} If the file is not as this agent wrote it.
 */
export function readCopy(path: string, trust: RoomTrust, past: OwnPast): History {
  const history = newHistory();
  if (!existsSync(path)) return history;
  const bytes = readFileSync(path);
  const lines = linesOf(bytes);
  const heads = lines.findLastIndex((line) => "size" in (parseLine(line) ?? {}));
  const kept = lines.slice(0, heads + 1);
  for (const line of kept) {
    const fault = followInPlace(history, line, trust);
    if (fault)
      throw new CloisterError(
        "transcript.damaged",
        `${path}: entry ${fault.entry ?? "?"}: ${fault.text}; the file is not as this agent wrote it: find out why, then move it away, and the coordinator sends all of it again`,
        EXIT.caught,
      );
    past.see(history);
  }
  const length = kept.reduce((sum, line) => sum + utf8(line).length + 1, 0);
  if (length < bytes.length) truncateSync(path, length);
  return history;
}
