/** EDGE: rooms and who is in them: charters, invitations, enrolments, as the store has them. */
import { fromHex, toHex } from "../../shared/base/bytes.ts";
import { badInput } from "../../shared/base/errors.ts";
import { type Charter, charterHash } from "../../shared/charter/charter.ts";
import {
  isCharterSigned,
  isConsent,
  type KeyRotation,
  type Revocation,
  revocationsRequired,
  revokersOf,
} from "../../shared/charter/key-change.ts";
import type { Manifest, Plan } from "../../shared/charter/manifest.ts";
import { isSignedStatement, type MemberStatement } from "../../shared/charter/member-statement.ts";
import type { RosterAnswer } from "../../shared/charter/roster.ts";
import { fingerprint } from "../../shared/crypto/identity.ts";
import { osClock, osRng } from "../../shared/edge/os.ts";
import type { GatewayOptions } from "../gateway.ts";
import type { MemberAddress } from "../peer.ts";
import { charterOfRun } from "../run/charter.ts";
import { agreedManifest } from "../run/plan.ts";
import type { EnrolledMember, Store } from "../store.ts";

const INVITATION_MS = 7 * 24 * 3600 * 1000;

const USED = "was used already";

export class Rooms {
  readonly #store: Store;
  readonly #coordinatorKey: Uint8Array;

  constructor(store: Store, coordinatorKey: Uint8Array) {
    this.#store = store;
    this.#coordinatorKey = coordinatorKey;
    store.beginHistories(toHex(coordinatorKey));
  }

  create(charter: Charter): { room: string; charterHash: string } {
    this.#store.createRoom(charter, toHex(this.#coordinatorKey));
    return { room: charter.room, charterHash: charterHash(charter) };
  }

  /** @param room Left out: the only one. @throws {CloisterError} If there is no such room, or a choice of several. */
  charter(room: string | undefined): Charter {
    const rooms = this.#store.rooms();
    const name = room ?? (rooms.length === 1 ? rooms[0] : undefined);
    if (name === undefined) {
      const hint =
        rooms.length === 0
          ? 'there is no room yet; create one with "cloister room create"'
          : `name one of ${rooms.join(", ")}: with --room, or in a plan with "room: NAME"`;
      throw badInput("room.which", `which room? ${hint}`);
    }
    const charter = this.#store.charter(name);
    if (!charter)
      throw badInput(
        "room.unknown",
        `room "${name}" does not exist; create it with "cloister room create"`,
      );
    return charter;
  }

  members(room: string): EnrolledMember[] {
    return this.#store.members(room);
  }

  /** Who is seated under the charter in force. Who left under one of before is not, and signed no other. */
  #seated(room: string): EnrolledMember[] {
    const hash = charterHash(this.charter(room));
    return this.members(room).filter(({ memberId, identityKey, enrolmentSignature }) =>
      isCharterSigned(hash, memberId, identityKey, enrolmentSignature),
    );
  }

  /** Whom a new run is for: who is enrolled and has not left. */
  roster(room: string): EnrolledMember[] {
    const left = this.#lastStatements(room).filter(({ kind }) => kind === "left");
    const gone = new Set(left.map(({ memberId }) => memberId));
    return this.#seated(room).filter(({ memberId }) => !gone.has(memberId));
  }

  /** The charter that a run was proposed under, and stays under. */
  charterOf(manifest: Pick<Manifest, "room" | "charterHash">): Charter {
    return charterOfRun(this.#store, manifest) ?? this.charter(manifest.room);
  }

  /** What its members would be asked to sign for a plan. @throws {CloisterError} As `agreedManifest`. */
  manifestFor(plan: Plan): Manifest {
    const charter = this.charter(plan.room);
    const members = this.roster(charter.room);
    const coordinatorKey = toHex(this.#coordinatorKey);
    const nowMs = osClock.nowMs();
    const keysSinceMs = this.keysSinceMs(charter.room);
    const inputs = { plan, charter, members, coordinatorKey, nowMs, rng: osRng, keysSinceMs };
    return agreedManifest(inputs);
  }

  /** Who is in the room with which key, and what they signed about that. */
  rosterAnswer(
    name: string | undefined,
    isConnected: (member: MemberAddress) => boolean,
  ): RosterAnswer {
    const charter = this.charter(name);
    const { room } = charter;
    const roster = this.#seated(room);
    const ids = roster.map(({ memberId }) => memberId);
    return {
      room,
      charterHash: charterHash(charter),
      roster,
      connected: ids.filter((memberId) => isConnected({ room, memberId })),
      statements: this.#lastStatements(room),
    };
  }

  /**
   * @returns Whose key is worth nothing any more, now that enough members say so; null: nobody's.
   * @throws {CloisterError} If it is not signed with the member's key under the room's charter, or says what is not so.
   */
  addStatement({ room, memberId }: MemberAddress, statement: MemberStatement): string | null {
    const hash = charterHash(this.charter(room));
    const key = this.members(room).find((known) => known.memberId === memberId)?.identityKey;
    if (statement.memberId !== memberId || !isSignedStatement(statement, hash, key))
      throw badInput("statement.not-signed", `the statement is not signed by ${memberId}`);
    const known = this.#lastStatements(room);
    if (known.some(({ signature }) => signature === statement.signature)) return null;
    const unseats = statement.kind === "keyRevoked" ? this.#revocation(room, statement) : null;
    if (unseats !== "known") this.#store.addStatement(room, statement, unseats);
    return unseats === "known" ? null : unseats;
  }

  /** @returns Whose key it ends, if it is the last that it takes; `known`: this member has said so before. */
  #revocation(room: string, statement: Revocation): string | "known" | null {
    const { memberId, about, identityKey } = statement;
    const key = this.members(room).find((member) => member.memberId === about)?.identityKey;
    if (memberId === about || key !== identityKey || this.keyOf({ room, memberId }) === undefined)
      throw badInput(
        "statement.not-so",
        `it is not for ${memberId} to revoke this key of ${about}`,
      );
    const revokers = revokersOf(this.#store.transcripts.statements(room), statement);
    if (revokers.has(memberId)) return "known";
    return revokers.size + 1 < revocationsRequired(this.charter(room)) ? null : about;
  }

  /** @throws {CloisterError} If the key that the member has did not sign for the new one, or that is no new one. */
  rotateKey({ room, memberId }: MemberAddress, rotation: KeyRotation): void {
    const hash = charterHash(this.charter(room));
    const old = this.keyOf({ room, memberId });
    if (old === undefined)
      throw badInput("rotation.left", `${memberId} has left the room, or is none of its members`);
    const { identityKey, enrolmentSignature } = rotation;
    const isSigned =
      rotation.memberId === memberId &&
      isConsent(hash, old, rotation) &&
      isCharterSigned(hash, memberId, identityKey, enrolmentSignature);
    if (!isSigned)
      throw badInput("rotation.not-signed", `the key of ${memberId} did not sign for the new one`);
    if (this.#store.transcripts.keysSinceMs(room).has(identityKey))
      throw badInput("rotation.key-used", "the new key was used in this room before");
    this.#store.rotateKey(room, rotation);
  }

  /** When the room's history first tells of keys, by key. */
  keysSinceMs(room: string): ReadonlyMap<string, number> {
    return this.#store.transcripts.keysSinceMs(room);
  }

  /** Of each member and kind the last, of those signed with the key that it has now: one who enrols anew begins anew. */
  #lastStatements(room: string): MemberStatement[] {
    const hash = charterHash(this.charter(room));
    const keys = new Map(this.members(room).map((one) => [one.memberId, one.identityKey]));
    const last = new Map<string, MemberStatement>();
    for (const statement of this.#store.transcripts.statements(room)) {
      const { memberId, kind } = statement;
      if (!isSignedStatement(statement, hash, keys.get(memberId))) continue;
      // A key that is revoked, or was rotated, is nobody's concern any more.
      if (kind === "keyRevoked" && keys.get(statement.about) !== statement.identityKey) continue;
      const about = kind === "keyRevoked" ? statement.about : "";
      last.set(`${memberId} ${kind} ${about}`, statement);
    }
    return [...last.values()];
  }

  /** Hexadecimal; undefined: not enrolled, or it has left. */
  keyOf({ room, memberId }: MemberAddress): string | undefined {
    return this.roster(room).find((member) => member.memberId === memberId)?.identityKey;
  }

  /** Null: not enrolled. */
  identityKeyOf({ room, memberId }: MemberAddress): Uint8Array | null {
    const member = this.members(room).find((known) => known.memberId === memberId);
    return member ? fromHex(member.identityKey) : null;
  }

  #isRevoked({ room, memberId: about }: MemberAddress, identityKey: string): boolean {
    const revokers = revokersOf(this.#store.transcripts.statements(room), { about, identityKey });
    return revokers.size >= revocationsRequired(this.charter(room));
  }

  /** A one-time token that also pins this coordinator's key. */
  invite(
    room: string | undefined,
    memberId: string,
  ): { room: string; memberId: string; token: string } {
    const charter = this.charter(room);
    checkMember(charter, memberId);
    const token = this.#store.invite(charter.room, memberId, INVITATION_MS, osRng);
    return {
      room: charter.room,
      memberId,
      token: `${token}.${fingerprint(this.#coordinatorKey)}`,
    };
  }

  /**
   * What a token is good for, and the charter to sign; a string is the reason to deny. For the key that used it up it
   * stays good while it would have been, and changes nothing: an enrolment that broke off after it was taken here is finished by the same again.
   */
  offer(token: string, identityKey: Uint8Array): ReturnType<GatewayOptions["offer"]> {
    const found = this.#store.lookUpToken(token);
    if (found === "unknown") return "is not known here";
    if (found === "expired") return "has expired";
    if (found === "used") return USED;
    const { isUsed, ...invitation } = found;
    if (isUsed && !this.#isSeated(invitation, identityKey)) return USED;
    const charter = this.#store.charter(invitation.room);
    const text = this.#store.charterText(invitation.room);
    if (!charter || text === null) return "is for a room that no longer exists";
    return { member: invitation, charter: text, charterHash: charterHash(charter) };
  }

  #isSeated(member: MemberAddress, identityKey: Uint8Array): boolean {
    const seated = this.identityKeyOf(member);
    return seated !== null && toHex(seated) === toHex(identityKey);
  }

  /** False: another key used the token meanwhile, the key was revoked, or the charter was amended since the offer. */
  enrol(
    token: string,
    member: MemberAddress,
    identityKey: Uint8Array,
    signature: Uint8Array,
  ): boolean {
    const { room, memberId } = member;
    const [key, under] = [toHex(identityKey), charterHash(this.charter(room))];
    const seat = { identityKey: key, enrolmentSignature: toHex(signature) };
    if (this.#isRevoked(member, key)) return false;
    if (!isCharterSigned(under, memberId, key, seat.enrolmentSignature)) return false;
    return this.#store.enrol(token, member, seat) || this.#isSeated(member, identityKey);
  }
}

/** @throws {CloisterError} If the charter does not know the member. */
export function checkMember({ room, members }: Charter, memberId: string): void {
  if (members.includes(memberId)) return;
  throw badInput(
    "member.unknown",
    `${memberId} is not among the members of room "${room}" (${members.join(", ")})`,
  );
}
