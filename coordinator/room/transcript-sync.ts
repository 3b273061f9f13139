/**
 * Members' copies of their room's history, kept up to date: new entries go out together, under a signed head, about
 * once a second and never within a round's path; members answer with their signatures over them, which become
 * entries themselves, less often in a large room. Pure: store and network are ports, time is an argument.
 */
import { equalBytes, toHex } from "../../shared/base/bytes.ts";
import { type Identity, verifySignature } from "../../shared/crypto/identity.ts";
import type { AgentMessage, CoordinatorMessage } from "../../shared/protocol/messages.ts";
import { lineText } from "../../shared/transcript/room/entry.ts";
import type { RoomEventOf } from "../../shared/transcript/room/event.ts";
import { cosignStatement, headStatement } from "../../shared/transcript/room/statements.ts";
import type { Head } from "../../shared/transcript/room/tree.ts";
import type { DocumentKind } from "./transcripts.ts";

const FLUSH_MS = 1000;
/** Of n members' signatures each of n members checks n: the pause before the next ones lasts so long for each check, and so long at most. */
const COSIGN_MS_PER_CHECK = 30;
const COSIGN_PAUSE_MAX_MS = 30_000;
/**
 * Their signatures are n entries of a hundred bytes, which each of them is sent: as many other entries as a tenth of the
 * members come before the next ones, so that a round costs a member ten of them. Or so much time passes.
 */
const MEMBERS_PER_ENTRY = 10;
const COSIGN_LATE_MS = 3_600_000;
/** One message, in characters of text; an entry that is longer goes alone. */
const BATCH_CHARACTERS_MAX = 500_000;

type Cosigned = RoomEventOf<"headCosigned">;

/** Rooms' histories as they are written. */
export interface Book {
  /** Entries of the room. */
  size(room: string): number;
  /** Null: there are not so many entries. */
  headAt(room: string, size: number): Head | null;
  /** Entries from that one on, each a line; about so many characters of them. */
  lines(room: string, from: number, charactersMax: number): string[];
  /** How many of the first entries the member has signed for. */
  cosignedBy(room: string, memberId: string): number;
  /** What a run left behind as it ended, in its canonical text; null: nothing of the kind. */
  document(runId: string, kind: DocumentKind): string | null;
}

export interface SyncPorts {
  readonly identity: Identity;
  readonly book: Book;
  /** All or none, durable when it returns. */
  readonly append: (room: string, bodies: readonly Cosigned[]) => void;
  /** Null: not enrolled. */
  readonly identityKeyOf: (member: Address) => Uint8Array | null;
  readonly send: (room: string, memberIds: readonly string[], message: CoordinatorMessage) => void;
}

/** A signature that is good, and waits to be an entry. */
interface Waiting {
  readonly body: Cosigned;
  /** The key that it was checked with. */
  readonly key: Uint8Array;
}

/** What waits in a room: of each member the last, which stands for all before. */
interface Pending {
  readonly byMember: Map<string, Waiting>;
  dueAtMs: number;
  /** Entries of the room after the last signatures. */
  size: number;
}

const nothingPending = (): Pending => ({ byMember: new Map(), dueAtMs: 0, size: 0 });

type Heard = Extract<AgentMessage, { type: "roomHeld" | "headCosigned" }>;

interface Address {
  readonly room: string;
  readonly memberId: string;
}

export class TranscriptSync {
  readonly #ports: SyncPorts;
  /** How many entries each member has been sent, by room and member. */
  readonly #sent = new Map<string, Map<string, number>>();
  readonly #pending = new Map<string, Pending>();
  #flushAtMs = 0;

  constructor(ports: SyncPorts) {
    this.#ports = ports;
  }

  /** A new session: what the last one was sent may be lost. Nothing goes out until the member says what it has. */
  connected({ room, memberId }: Address): void {
    this.#sent.get(room)?.delete(memberId);
  }

  /** @returns What is wrong with what the member says, as a code; null: nothing. */
  hear(member: Address, message: Heard): string | null {
    if (message.type === "headCosigned") return this.#cosigned(member, message);
    this.#held(member, message.size);
    return null;
  }

  /**
   * A member says, as its session begins, how much of its room's history it has. It is answered at once, also where it
   * has all: until then it takes part in nothing.
   */
  #held({ room, memberId }: Address, size: number): void {
    const { book, send } = this.#ports;
    const members = this.#sent.get(room) ?? new Map<string, number>();
    this.#sent.set(room, members);
    const own = book.size(room);
    // A copy longer than the history itself: the head alone tells the member what it needs to know.
    if (size !== own) members.set(memberId, this.#extend(room, Math.min(size, own), [memberId]));
    else {
      members.set(memberId, size);
      send(room, [memberId], { type: "roomExtended", from: size, lines: "", size });
    }
  }

  /** It becomes an entry with one of the next flushes. */
  #cosigned(
    { room, memberId }: Address,
    { size, signature }: Extract<Heard, { type: "headCosigned" }>,
  ): string | null {
    const { book, identityKeyOf } = this.#ports;
    const { byMember, dueAtMs, size: entered } = this.#pending.get(room) ?? nothingPending();
    const known = byMember.get(memberId)?.body.size ?? book.cosignedBy(room, memberId);
    const head = size > known ? book.headAt(room, size) : null;
    const key = identityKeyOf({ room, memberId });
    if (!head || !key) return "badCosignature";
    if (!verifySignature(key, cosignStatement(room, memberId, head), signature))
      return "badCosignature";
    const body = { type: "headCosigned", size, memberId, signature: toHex(signature) } as const;
    byMember.set(memberId, { body, key });
    this.#pending.set(room, { byMember, dueAtMs, size: entered });
    return null;
  }

  /** Those become entries whose time has come, and that everybody would accept: the member's key is still the same. */
  #enter(room: string, pending: Pending, nowMs: number): void {
    const members = this.#sent.get(room)?.size ?? 0;
    const since = this.#ports.book.size(room) - pending.size;
    const lateAtMs = pending.dueAtMs === 0 ? 0 : pending.dueAtMs + COSIGN_LATE_MS; // The first are entered at once.
    // In a room of fewer than ten whoever signs a moment later than the others does not wait for the next run.
    const isEarly = since < Math.floor(members / MEMBERS_PER_ENTRY) && nowMs < lateAtMs;
    if (nowMs < pending.dueAtMs || isEarly || pending.byMember.size === 0) return;
    const checks = pending.byMember.size * members;
    pending.dueAtMs = nowMs + Math.min(COSIGN_MS_PER_CHECK * checks, COSIGN_PAUSE_MAX_MS);
    const standing = [...pending.byMember.values()].filter(({ body: { memberId }, key }) => {
      const now = this.#ports.identityKeyOf({ room, memberId });
      return now !== null && equalBytes(now, key);
    });
    pending.byMember.clear();
    const bodies = standing.map(({ body }) => body);
    if (bodies.length > 0) this.#ports.append(room, bodies);
    pending.size = this.#ports.book.size(room);
  }

  /** Sends what is new, if it is time. */
  tick(nowMs: number): void {
    if (nowMs < this.#flushAtMs) return;
    this.#flushAtMs = nowMs + FLUSH_MS;
    for (const [room, pending] of this.#pending) this.#enter(room, pending, nowMs);
    for (const [room, members] of this.#sent) this.#flush(room, members);
  }

  /** Sends what is new in the room at once: whatever is said to a member afterwards, it knows this by then. */
  flush(room: string): void {
    const members = this.#sent.get(room);
    if (members) this.#flush(room, members);
  }

  /** One batch to each member; the rest of a long history goes out with the flushes to come. */
  #flush(room: string, members: Map<string, number>): void {
    const size = this.#ports.book.size(room);
    const behind = [...members].filter(([, sent]) => sent < size);
    for (const from of new Set(behind.map(([, sent]) => sent))) {
      const to = behind.filter(([, sent]) => sent === from).map(([memberId]) => memberId);
      const reached = this.#extend(room, from, to);
      for (const memberId of to) members.set(memberId, reached);
    }
  }

  /** What the run left behind as it ended, in its canonical text; null: nothing of the kind. */
  document(runId: string, kind: DocumentKind): string | null {
    return this.#ports.book.document(runId, kind);
  }

  /** The whole history under a head of its own, as a member's copy is. */
  whole(room: string): string {
    return this.#part(room, 0, Number.POSITIVE_INFINITY)?.text ?? "";
  }

  /** @returns How many entries they have now. */
  #extend(room: string, from: number, memberIds: readonly string[]): number {
    const part = this.#part(room, from, BATCH_CHARACTERS_MAX);
    if (!part) return from;
    const { book, send } = this.#ports;
    send(room, memberIds, {
      type: "roomExtended",
      from,
      lines: part.text,
      size: book.size(room),
    });
    return part.size;
  }

  /** Null: there is no entry at all. */
  #part(
    room: string,
    from: number,
    charactersMax: number,
  ): { readonly text: string; readonly size: number } | null {
    const { identity, book } = this.#ports;
    const entries = book.lines(room, from, charactersMax);
    const head = book.headAt(room, from + entries.length);
    if (!head) return null;
    const signature = toHex(identity.sign(headStatement(room, head)));
    const signed = lineText({ size: head.size, root: toHex(head.root), signature });
    return { text: [...entries, signed].join(""), size: head.size };
  }
}
