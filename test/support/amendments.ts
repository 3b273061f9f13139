/** Amendments of rooms' charters that are really signed, for tests. */
import {
  type Amendment,
  type AmendmentWord,
  amendmentHashOf,
  refuseAmendment,
  signAmendment,
} from "../../shared/charter/amendment.ts";
import { Charter, charterHash } from "../../shared/charter/charter.ts";
import { charterText } from "../../shared/charter/charter-text.ts";
import type { Identity } from "../../shared/crypto/identity.ts";
import type { RoomEvent, RoomEventOf } from "../../shared/transcript/room/event.ts";
import { FOREVER_MS, identityOf } from "./manifests.ts";
import { CHARTER, MEMBERS } from "./room-history.ts";

/** Fewer rows suffice, and a fourth member may come. */
export const AMENDED = Charter.parse({
  ...CHARTER,
  members: [...MEMBERS, "bank-4"],
  minimums: { ...CHARTER.minimums, rows: 2 },
});

/** In place of the first charter, unless it says otherwise. */
export function amendmentTo(
  charter: Charter = AMENDED,
  changes: Partial<Amendment> = {},
): Amendment {
  return {
    room: CHARTER.room,
    edition: 2,
    previous: charterHash(CHARTER),
    charter: charterText(charter),
    reason: "a fourth bank joins",
    validUntilMs: FOREVER_MS,
    ...changes,
  };
}

export const proposing = (amendment: Amendment = amendmentTo()): RoomEvent => ({
  type: "amendmentProposed",
  amendment,
});

const about = (amendment: Amendment) => ({
  amendmentHash: amendmentHashOf(amendment),
  charterHash: charterHash(Charter.parse(JSON.parse(amendment.charter))),
});

/** @param by Whose key signs; left out: the member's own. */
export const signedBy = (
  memberId: string,
  amendment = amendmentTo(),
  by: Identity = identityOf(memberId),
): AmendmentWord => signAmendment(about(amendment), memberId, 1000, by);

export const signing = (
  memberId: string,
  amendment = amendmentTo(),
  by?: Identity,
): RoomEventOf<"amendmentDecided"> => ({
  type: "amendmentDecided",
  word: signedBy(memberId, amendment, by),
});

export const refusing = (memberId: string, amendment = amendmentTo()): RoomEvent => ({
  type: "amendmentDecided",
  word: refuseAmendment(
    about(amendment),
    { memberId, reason: "too few rows", atMs: 1000 },
    identityOf(memberId),
  ),
});

export const amending = (amendment = amendmentTo()): RoomEvent => ({
  type: "charterAmended",
  amendmentHash: amendmentHashOf(amendment),
});

export const withdrawing = (amendment = amendmentTo()): RoomEvent => ({
  type: "amendmentWithdrawn",
  amendmentHash: amendmentHashOf(amendment),
});

/** Proposed, signed by all three, in force. */
export const amended = (amendment = amendmentTo()): RoomEvent[] => [
  proposing(amendment),
  ...MEMBERS.map((memberId) => signing(memberId, amendment)),
  amending(amendment),
];
