/**
 * A room's history as it is followed, line by line: text, chain, tree, the coordinator's signatures, and what the
 * events mean. The first line that does not fit is named. Pure but for the history, which `followInPlace` changes.
 */
import { equalBytes, fromHex, toHex } from "../../base/bytes.ts";
import { verifySignature } from "../../crypto/identity.ts";
import { applyInPlace, openRoom } from "./apply.ts";
import { type Document, documentFault } from "./document.ts";
import { type Entry, entryHash, NO_ENTRY, parseLine, type SignedHead } from "./entry.ts";
import type { RoomState } from "./state.ts";
import { headStatement } from "./statements.ts";
import { type GrowingTree, growInPlace, newTree, rootAt, sizeOf } from "./tree.ts";

/** What whoever follows knows for itself; all in hexadecimal. */
export interface RoomTrust {
  /** Null: the key that the history itself names; somebody has to compare it. */
  readonly coordinatorKey: string | null;
  /** Members' keys, by member id, as far as they are known. */
  readonly memberKeys: ReadonlyMap<string, string>;
  /** Roots that the history must pass through, by size: heads signed or seen before. */
  readonly heads: ReadonlyMap<number, string>;
}

export type RoomFaultCode =
  | "text"
  | "order"
  | "hash"
  | "event"
  | "coordinator"
  | "head"
  | "document"
  | "member"
  | "known"
  | "cutOff";

export interface RoomFault {
  readonly code: RoomFaultCode;
  /**
   * Sequence number of the first bad entry. Where a head fails: of the first that no good head covers. Null: not in
   * the history, but in a document beside it.
   */
  readonly entry: number | null;
  readonly text: string;
}

export interface History {
  /** Null before the first entry. */
  state: RoomState | null;
  /** Of the last entry. */
  hash: string;
  /** The last entry itself; null before the first. */
  last: Entry | null;
  /** Over the entries' hashes. */
  readonly tree: GrowingTree;
  /** The last one signed. */
  head: SignedHead | null;
  /** Entries up to the last that is more than a co-signature. */
  lastEvent: number;
  /** After all else; a member's own copy has none. */
  readonly documents: Document[];
}

/** One that holds, to its end. */
export interface WholeHistory {
  readonly state: RoomState;
  /** Signed by the coordinator over all of it. */
  readonly head: SignedHead;
  readonly documents: readonly Document[];
}

export function newHistory(): History {
  return {
    state: null,
    hash: NO_ENTRY,
    last: null,
    tree: newTree(),
    head: null,
    lastEvent: 0,
    documents: [],
  };
}

/**
 * Takes one line more. After a fault the history is of no use.
 *
 * @param text Without its line break.
 */
export function followInPlace(history: History, text: string, trust: RoomTrust): RoomFault | null {
  const line = parseLine(text);
  if (!line) return fault("text", sizeOf(history.tree), "not the text of an entry or a head");
  if ("kind" in line) return takeDocument(history, line);
  if (history.documents.length > 0)
    return fault("order", sizeOf(history.tree), "it stands after documents");
  return "size" in line ? takeHead(history, line, trust) : takeEntry(history, line, trust);
}

function takeEntry(history: History, entry: Entry, trust: RoomTrust): RoomFault | null {
  const next = sizeOf(history.tree);
  const { sequence, hash, body } = entry;
  const bad = (code: RoomFaultCode, text: string): RoomFault => fault(code, next, text);
  if (sequence !== next) return bad("order", `entry ${sequence} stands in the place of ${next}`);
  if (entryHash(entry, history.hash) !== hash)
    return bad("hash", "its hash is not that of what it says and of the entry before");
  if (history.state) {
    const wrong = applyInPlace(history.state, entry, (size) => rootAt(history.tree, size));
    if (wrong !== null) return bad("event", `${body.type}: ${wrong}`);
  } else {
    const opened = openRoom(entry);
    if (typeof opened === "string") return bad("event", `${body.type}: ${opened}`);
    if (opened.coordinatorKey !== (trust.coordinatorKey ?? opened.coordinatorKey))
      return bad("coordinator", "the room is another coordinator's than the one known");
    history.state = opened;
  }
  history.hash = hash;
  history.last = entry;
  growInPlace(history.tree, fromHex(hash));
  if (body.type !== "headCosigned") history.lastEvent = next + 1;
  const known = trust.heads.get(next + 1);
  if (known !== undefined && known !== rootText(history, next + 1))
    return bad("known", `the first ${next + 1} entries are not those that were signed for before`);
  return null;
}

function rootText({ tree }: History, size: number): string | null {
  const root = rootAt(tree, size);
  return root && toHex(root);
}

/** What the signature covers is the room's name, the number of entries, and the root over them as they stand here. */
function takeHead(history: History, head: SignedHead, trust: RoomTrust): RoomFault | null {
  const { state, tree } = history;
  const size = sizeOf(tree);
  const covered = history.head?.size ?? 0;
  const bad = (text: string): RoomFault => fault("head", covered, text);
  const root = rootAt(tree, size);
  if (!state || !root || head.size !== size || head.size === covered)
    return bad(`a head over ${head.size} entries stands after ${size}`);
  if (!equalBytes(fromHex(head.root), root))
    return bad(`entries ${covered} to ${head.size - 1} are not those under the head after them`);
  const key = fromHex(trust.coordinatorKey ?? state.coordinatorKey);
  if (
    !verifySignature(
      key,
      headStatement(state.room, { size: head.size, root }),
      fromHex(head.signature),
    )
  )
    return bad(`the coordinator did not sign entries ${covered} to ${head.size - 1}`);
  history.head = head;
  return null;
}

function takeDocument(history: History, document: Document): RoomFault | null {
  const { state, documents } = history;
  const wrong = state ? documentFault(state, documents, document) : "it stands before the history";
  if (wrong !== null) return fault("document", null, wrong);
  documents.push(document);
  return null;
}

/**
 * The history as it ends here, if it is whole: signed to its last entry, no shorter than is known, and of the members
 * that are known. Else what is wrong.
 */
export function endOf(
  { state, head, tree, documents }: History,
  { memberKeys, heads }: RoomTrust,
): WholeHistory | RoomFault {
  const size = sizeOf(tree);
  if (!state || !head) return fault("cutOff", size, "there is no signed head");
  if (head.size !== size)
    return fault("cutOff", head.size, "no signed head covers the last entries");
  const known = Math.max(0, ...heads.keys());
  if (known > size)
    return fault("cutOff", size, `${known} entries were signed for before, and ${size} are here`);
  for (const [memberId, key] of memberKeys) {
    const trail = state.trails.get(memberId);
    if (trail && !trail.keys.some(({ identityKey }) => identityKey === key))
      return fault("member", trail.since, `the key of ${memberId} is not the one known`);
  }
  return { state, head, documents };
}

function fault(code: RoomFaultCode, entry: number | null, text: string): RoomFault {
  return { code, entry, text };
}
