/** EDGE: an amendment in lines for a terminal: what changes, field by field, and who has signed. */
import type { ProposedAmendment } from "../charter/amendment.ts";
import type { CharterChange } from "../charter/amendment-changes.ts";

/** @param present Members whom it needs; empty: it is in force. */
export function amendmentLines(
  { amendment, amendmentHash, words }: ProposedAmendment,
  changes: readonly CharterChange[],
  present: readonly string[],
): string[] {
  const { room, edition, reason, validUntilMs } = amendment;
  const until = new Date(validUntilMs).toISOString().slice(0, 16);
  const said = [...words.values()];
  const signed = said.filter(({ decision }) => decision === "signed").map((one) => one.memberId);
  const missing = present.filter((memberId) => !signed.includes(memberId));
  const weaker = changes.filter(({ warning }) => warning !== null).length;
  return [
    `Room "${room}": edition ${edition} of the charter is proposed, until ${until}Z`,
    `Amendment ${amendmentHash}`,
    `Reason: ${reason}`,
    `What changes (${changes.length}, of which ${weaker} to look at):`,
    ...changes.flatMap(changeLines),
    ...(present.length === 0 ? [] : [signedLine(signed, missing)]),
  ];
}

function signedLine(signed: readonly string[], missing: readonly string[]): string {
  const by = signed.join(", ") || "nobody yet";
  return missing.length === 0
    ? `Signed by ${by}; it comes into force as the run under way ends`
    : `Signed by ${by}; not by ${missing.join(", ")}`;
}
function changeLines({ field, words, before, after, warning }: CharterChange): string[] {
  const name = words === null ? field : `${field} (${words})`;
  return [
    `  ${name}: ${changeText(before, after)}`,
    ...(warning === null ? [] : [`    ! ${warning}`]),
  ];
}

function changeText(before: string | null, after: string | null): string {
  if (before === null) return `${after ?? ""} is added`;
  return after === null ? `${before} is removed` : `${before} → ${after}`;
}
