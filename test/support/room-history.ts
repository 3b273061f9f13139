/** Rooms whose history is really signed, written line by line, for tests. */
import { fromHex, toHex } from "../../shared/base/bytes.ts";
import { canonicalJson } from "../../shared/base/canonical.ts";
import { Charter, charterHash } from "../../shared/charter/charter.ts";
import { type Decision, signDecision } from "../../shared/charter/decision.ts";
import { signRotation } from "../../shared/charter/key-change.ts";
import { type Manifest, manifestText, runIdOf } from "../../shared/charter/manifest.ts";
import { signStatement } from "../../shared/charter/member-statement.ts";
import { rosterHash } from "../../shared/charter/roster.ts";
import { hashJson } from "../../shared/crypto/hash.ts";
import { type Identity, identityFromSecret } from "../../shared/crypto/identity.ts";
import { firstHead, nextHead } from "../../shared/transcript/chain.ts";
import { type Document, extractStatement } from "../../shared/transcript/room/document.ts";
import { type Entry, lineText, makeEntry, NO_ENTRY } from "../../shared/transcript/room/entry.ts";
import type { RoomEvent, RoomEventOf } from "../../shared/transcript/room/event.ts";
import type { RoomTrust } from "../../shared/transcript/room/history.ts";
import { cosignStatement, headStatement } from "../../shared/transcript/room/statements.ts";
import { growInPlace, newTree, rootAt } from "../../shared/transcript/room/tree.ts";
import { unsafeSecret } from "./group.ts";
import { enrolled, identityOf, signedManifest } from "./manifests.ts";

export const MEMBERS = ["bank-1", "bank-2", "bank-3"] as const;
export const coordinator = identityFromSecret(unsafeSecret("room coordinator"));
export const COORDINATOR_KEY = toHex(coordinator.publicKey);
export const keyOf = (memberId: string): string => toHex(identityOf(memberId).publicKey);

export const CHARTER = Charter.parse({
  version: 1,
  room: "r",
  purpose: "tests",
  members: [...MEMBERS],
  schema: {
    label: { column: "y" },
    unit: null,
    features: [{ name: "x", type: "number", min: 0, max: 1 }],
  },
  tasks: ["probe"],
  minimums: { members: 3, rows: 1 },
  privacy: { budget: null, unnoisedRuns: "allowed" },
});

export const enrolmentOf = (memberId: string, charter = CHARTER) =>
  enrolled(memberId, charterHash(charter));

/** `n` tells runs apart. */
export function manifestOf(
  n = 0,
  changes: Partial<Manifest> = {},
  charter: Charter = CHARTER,
): Manifest {
  return signedManifest(charter, {
    coordinatorKey: COORDINATOR_KEY,
    task: { kind: "probe", dimension: 1, rounds: 2 },
    privacy: null,
    nonce: n.toString(16).padStart(32, "0"),
    ...changes,
  });
}

/** What a member says to a run: the charter asks for more than half of three. */
export function decided(
  decision: Decision["decision"],
  runId: string,
  memberId: string,
  atMs = 1000,
): RoomEventOf<"runDecided"> {
  const said = { runId, memberId, decision, reasons: [], atMs };
  return { type: "runDecided", runId, decision: signDecision(said, identityOf(memberId)) };
}

export const TRUST: RoomTrust = {
  coordinatorKey: COORDINATOR_KEY,
  memberKeys: new Map(MEMBERS.map((memberId) => [memberId, keyOf(memberId)])),
  heads: new Map(),
};

/** Writes a room's history as a coordinator does that signs whatever it is told to write. */
export class RoomWriter {
  readonly lines: string[] = [];
  readonly entries: Entry[] = [];
  readonly tree = newTree();
  readonly #room: string;
  #atMs = 1000;

  constructor(room: string = CHARTER.room) {
    this.#room = room;
  }

  add(...bodies: readonly RoomEvent[]): this {
    for (const body of bodies) this.addAt(this.#atMs++, body);
    return this;
  }

  addAt(atMs: number, body: RoomEvent): this {
    const previous = this.entries.at(-1)?.hash ?? NO_ENTRY;
    const entry = makeEntry(this.entries.length, previous, atMs, body);
    this.entries.push(entry);
    this.lines.push(lineText(entry));
    growInPlace(this.tree, fromHex(entry.hash));
    return this;
  }

  head(): this {
    const head = { size: this.entries.length, root: this.root() };
    const signature = toHex(coordinator.sign(headStatement(this.#room, head)));
    this.lines.push(lineText({ size: head.size, root: toHex(head.root), signature }));
    return this;
  }

  private root(): Uint8Array {
    return rootAt(this.tree, this.entries.length) ?? new Uint8Array();
  }

  cosign(memberId: string): this {
    const head = { size: this.entries.length, root: this.root() };
    const signature = toHex(identityOf(memberId).sign(cosignStatement(this.#room, memberId, head)));
    return this.add({ type: "headCosigned", size: head.size, memberId, signature });
  }

  document(document: Document): this {
    this.lines.push(lineText(document));
    return this;
  }

  get bytes(): Uint8Array {
    return new TextEncoder().encode(this.lines.join(""));
  }
}

export function openRoom(under: Charter = CHARTER): RoomWriter {
  const created = { type: "roomCreated", version: 1, room: under.room } as const;
  const charter = canonicalJson(under);
  return new RoomWriter()
    .add({ ...created, coordinatorKey: COORDINATOR_KEY, charter })
    .add(...MEMBERS.map((id) => ({ type: "memberEnrolled", ...enrolmentOf(id, under) }) as const));
}

export function proposed(manifest: Manifest): RoomEvent {
  return { type: "runProposed", runId: runIdOf(manifest), manifest: manifestText(manifest) };
}

export function released(runId: string, round: number, attempt = round): RoomEvent {
  return {
    type: "roundReleased",
    runId,
    round,
    attempt,
    askKind: "sum",
    survivors: [...MEMBERS],
    inclusion: toHex(unsafeSecret(`inclusion ${round}`)),
    resultHash: toHex(unsafeSecret(`result ${round}`)),
  };
}

export function ended(runId: string, rounds: number): RoomEvent {
  let head = firstHead(runId);
  for (let round = 0; round < rounds; round++) {
    const inclusion = unsafeSecret(`inclusion ${round}`);
    head = nextHead(head, { inclusion, resultHash: unsafeSecret(`result ${round}`) });
  }
  const hashes = { modelHash: "aa".repeat(32), cardHash: hashJson(CARD) };
  const statementHash = hashJson(STATEMENT);
  const outcome = "completed";
  return { type: "runEnded", runId, outcome, head: toHex(head), ...hashes, statementHash };
}

export const CARD = { version: 1, model: "a card", auc: 0.75 };
export const STATEMENT = { version: 1, epsilon: 1.5 };

/** From its creation to a whole run, co-signed by all; then a member leaves. */
export function playedRoom(): RoomWriter {
  const manifest = manifestOf();
  const runId = runIdOf(manifest);
  const hash = charterHash(CHARTER);
  const confirmed = { kind: "rosterConfirmed", memberId: "bank-1", charterHash: hash } as const;
  const roster = rosterHash(
    hash,
    MEMBERS.map((id) => enrolmentOf(id)),
  );
  const writer = openRoom()
    .add(stated({ ...confirmed, rosterHash: roster, atMs: 900 }, identityOf("bank-1")))
    .add(proposed(manifest))
    .add(decided("approved", runId, "bank-1"), decided("approved", runId, "bank-3"))
    .head()
    .add({ type: "runStarted", runId }, released(runId, 0))
    .add({ type: "attemptAborted", runId, round: 1, attempt: 1, reason: "timeout" })
    .head();
  for (const memberId of MEMBERS) writer.cosign(memberId);
  writer.add(released(runId, 1, 2), ended(runId, 2)).head();
  for (const memberId of MEMBERS) writer.cosign(memberId);
  return writer.add(leaving("bank-3")).head();
}

/** What a member says of itself. */
export function stated(
  said: Parameters<typeof signStatement>[0],
  identity: Identity,
): RoomEventOf<"memberStated"> {
  return { type: "memberStated", statement: signStatement(said, identity) };
}

export function leaving(memberId: string, by = memberId): RoomEventOf<"memberStated"> {
  const said = { kind: "left", reason: "merged away", charterHash: charterHash(CHARTER) } as const;
  return stated({ ...said, memberId, atMs: 1000 }, identityOf(by));
}

export function ledgerExtract(memberId: string): Document {
  const said = { memberId, atMs: 5000, content: { epsilonSpent: 1.25, runs: 1 } };
  const signature = toHex(identityOf(memberId).sign(extractStatement(CHARTER.room, said)));
  return { kind: "ledgerExtract", ...said, signature };
}

/** A played room with its documents. */
export function packedRoom(): RoomWriter {
  const runId = runIdOf(manifestOf());
  return playedRoom()
    .document({ kind: "modelCard", runId, content: CARD })
    .document({ kind: "privacyStatement", runId, content: STATEMENT })
    .document(ledgerExtract("bank-2"));
}

/** bank-`by` says that the key of another member is worth nothing any more. */
export function revoking(
  by: string,
  about: string,
  identityKey = keyOf(about),
  charter = CHARTER,
): RoomEventOf<"memberStated"> {
  const said = { kind: "keyRevoked", about, identityKey, reason: "stolen" } as const;
  const who = { memberId: by, charterHash: charterHash(charter), atMs: 1000 };
  return stated({ ...said, ...who }, identityOf(by));
}

/** A member's new key, which the old one signed for and which signs the charter. @param by Whose key signs for it. */
export function rotation(
  memberId: string,
  next: Identity,
  old: Identity = identityOf(memberId),
): RoomEventOf<"keyRotated"> {
  return { type: "keyRotated", ...signRotation(charterHash(CHARTER), memberId, old, next) };
}
