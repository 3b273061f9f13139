/** EDGE: a room's charters in lines for a terminal: each that was in force, and the amendment that is open. */
import { short } from "../audit/check.ts";
import { type Edition, openAmendment, type RoomState } from "../transcript/room/state.ts";

export function editionLines(state: RoomState): string[] {
  const { editions, latestMs } = state;
  const lines = editions.flatMap((edition) => oneLine(edition, editions.length > 1));
  const open = openAmendment(state, latestMs);
  if (!open) return lines;
  const { amendment, amendmentHash, words } = open.proposed;
  const signed = [...words.values()].filter(({ decision }) => decision === "signed");
  const by = signed.map(({ memberId }) => memberId).join(", ") || "nobody yet";
  const what = `edition ${amendment.edition} (${short(amendmentHash)}) is proposed`;
  return [...lines, `Amendment  ${what}: ${amendment.reason}; signed by ${by}`];
}

function oneLine({ edition, charter, charterHash, entry, amended }: Edition, isOfSeveral: boolean) {
  if (!isOfSeveral) return [`Charter ${short(charterHash)}  ${charter.purpose}`];
  const since = `Charter ${edition}  ${short(charterHash)}  in force from entry ${entry}`;
  if (!amended) return [`${since}: ${charter.purpose}`];
  const by = amended.signatures
    .map(({ memberId }) => memberId)
    .sort()
    .join(", ");
  return [`${since}, signed by ${by}: ${amended.reason}`];
}
