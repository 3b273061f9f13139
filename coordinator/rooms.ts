/** EDGE: rooms and who is in them: charters, invitations, enrolments, as the store has them. */
import { fromHex, toHex } from "../shared/base/bytes.ts";
import { badInput } from "../shared/base/errors.ts";
import { type Charter, charterHash } from "../shared/charter/charter.ts";
import { fingerprint } from "../shared/crypto/identity.ts";
import { osRng } from "../shared/edge/os.ts";
import type { GatewayOptions } from "./gateway.ts";
import type { MemberAddress } from "./peer.ts";
import type { EnrolledMember, Store } from "./store.ts";

const INVITATION_MS = 7 * 24 * 3600 * 1000;

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
          : `name one of ${rooms.join(", ")}`;
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

  /** Null: not enrolled. */
  identityKeyOf({ room, memberId }: MemberAddress): Uint8Array | null {
    const member = this.members(room).find((known) => known.memberId === memberId);
    return member ? fromHex(member.identityKey) : null;
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

  /** What a token is good for, and the charter to sign; a string is the reason to deny. */
  offer(token: string): ReturnType<GatewayOptions["offer"]> {
    const invitation = this.#store.lookUpToken(token);
    if (invitation === "unknown") return "is not known here";
    if (invitation === "used") return "was used already";
    if (invitation === "expired") return "has expired";
    const charter = this.#store.charter(invitation.room);
    const text = this.#store.charterText(invitation.room);
    if (!charter || text === null) return "is for a room that no longer exists";
    return { member: invitation, charter: text, charterHash: charterHash(charter) };
  }

  /** False: the token was used meanwhile. */
  enrol(
    token: string,
    member: MemberAddress,
    identityKey: Uint8Array,
    signature: Uint8Array,
  ): boolean {
    return this.#store.enrol(token, member, {
      identityKey: toHex(identityKey),
      enrolmentSignature: toHex(signature),
    });
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
