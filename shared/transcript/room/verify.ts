/** A room's whole history, checked from one member's copy, or a regulator's pack, and nothing else. Pure. */
import { linesOf } from "./entry.ts";
import {
  endOf,
  followInPlace,
  newHistory,
  type RoomFault,
  type RoomTrust,
  type WholeHistory,
} from "./history.ts";

export type RoomVerdict =
  | ({ readonly type: "holds" } & WholeHistory)
  | {
      readonly type: "fails";
      readonly fault: RoomFault;
      /** Of the copy, from 1; one more than there are where something is missing at its end. */
      readonly line: number;
    };

/** @param copy The file as it is. */
export function verifyRoom(copy: Uint8Array, trust: RoomTrust): RoomVerdict {
  return verifyLines(linesOf(copy), trust);
}

/** @param lines Without their line breaks. */
export function verifyLines(lines: readonly string[], trust: RoomTrust): RoomVerdict {
  const history = newHistory();
  for (const [i, line] of lines.entries()) {
    const fault = followInPlace(history, line, trust);
    if (fault) return { type: "fails", fault, line: i + 1 };
  }
  const ended = endOf(history, trust);
  if ("code" in ended) return { type: "fails", fault: ended, line: lines.length + 1 };
  return { type: "holds", ...ended };
}
