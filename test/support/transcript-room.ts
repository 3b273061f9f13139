/** EDGE: a coordinator's book of a room and its members' copies in one process, with hands in place of the network. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { type CopyParams, TranscriptCopy } from "../../agent/transcript-copy.ts";
import { TranscriptSync } from "../../coordinator/room/transcript-sync.ts";
import { TRANSCRIPTS_SCHEMA, Transcripts } from "../../coordinator/room/transcripts.ts";
import type { CloisterError } from "../../shared/base/errors.ts";
import { openDatabase, transaction } from "../../shared/edge/database.ts";
import type { AgentMessage, CoordinatorMessage } from "../../shared/protocol/messages.ts";
import type { RoomEvent } from "../../shared/transcript/room/event.ts";
import type { RoomFault } from "../../shared/transcript/room/history.ts";
import { identityOf } from "./manifests.ts";
import { CHARTER, coordinator, TRUST } from "./room-history.ts";

type Extension = Extract<CoordinatorMessage, { type: "roomExtended" }>;

/** A coordinator whose identity is always the same: two of them are one that tells two stories. */
export class Book {
  readonly database: DatabaseSync;
  readonly transcripts: Transcripts;
  readonly sync: TranscriptSync;
  readonly copies = new Map<string, Holder>();
  /** Codes of what members said that does not count. */
  readonly faults: string[] = [];
  sentCount = 0;
  #nowMs = 1_000_000;

  constructor(path: string) {
    this.database = openDatabase(path, TRANSCRIPTS_SCHEMA);
    this.transcripts = new Transcripts(this.database);
    const { transcripts } = this;
    this.sync = new TranscriptSync({
      identity: coordinator,
      book: transcripts,
      append: (_room, bodies) => this.write(...bodies),
      identityKeyOf: ({ memberId }) => identityOf(memberId).publicKey,
      send: (_room, memberIds, message) => {
        for (const memberId of memberIds) this.#deliver(memberId, message);
      },
    });
  }

  write(...bodies: readonly RoomEvent[]): void {
    transaction(this.database, () => {
      for (const body of bodies) this.transcripts.append(CHARTER.room, this.#nowMs++, body);
    });
  }

  /** Sends what is new. */
  flush(): void {
    this.#nowMs += 10_000;
    this.sync.tick(this.#nowMs);
  }

  hear(memberId: string, message: AgentMessage): void {
    if (message.type !== "roomHeld" && message.type !== "headCosigned") return;
    const fault = this.sync.hear({ room: CHARTER.room, memberId }, message);
    if (fault) this.faults.push(fault);
  }

  #deliver(memberId: string, message: CoordinatorMessage): void {
    this.sentCount += 1;
    this.copies.get(memberId)?.copy.extend(message as Extension);
  }
}

export interface Holder {
  readonly copy: TranscriptCopy;
  readonly caught: RoomFault[];
  /** Why the member's folder is an older copy of itself. */
  readonly putBack: CloisterError[];
}

/** What a member's vault keeps of it from one start to the next. */
export type Signed = Map<number, string>;

/** Opens a member's copy in a folder of its own, connected to the book. @param identity That folder's. */
export function holder(
  book: Book,
  folder: string,
  memberId: string,
  signed: Signed,
  identity = identityOf(memberId),
): Holder {
  mkdirSync(folder, { recursive: true });
  const caught: RoomFault[] = [];
  const putBack: CloisterError[] = [];
  const params: CopyParams = {
    folder,
    memberId,
    identity,
    trust: { ...TRUST, heads: new Map(signed) },
    saveCosigned: (size, root) => {
      signed.clear();
      signed.set(size, root);
    },
    heard: () => undefined,
    send: (message) => book.hear(memberId, message),
    failed: (error) => {
      throw error;
    },
    caught: (fault) => caught.push(fault),
    putBack: (error) => putBack.push(error),
  };
  const held = { copy: new TranscriptCopy(params), caught, putBack };
  book.copies.set(memberId, held);
  held.copy.announce();
  return held;
}

export const memberFolder = (folder: string, memberId: string): string => join(folder, memberId);
