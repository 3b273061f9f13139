/** The run's transcript as one member has seen it. Pure. */
import { equalBytes } from "../shared/base/bytes.ts";
import { firstHead, type Link, nextHead } from "../shared/transcript/chain.ts";

/** Head of the transcript, and the round that it opens. */
export interface History {
  readonly round: number;
  readonly head: Uint8Array;
}

/** What a coordinator says as a round opens: the head, and the link that led there. */
export interface Opening extends History {
  readonly last: Link | null;
}

/**
 * Does this opening continue what the member saw? Rounds that it missed are taken on the signature's word.
 *
 * @param known Null before the first opening is seen.
 */
export function continues(runId: string, known: History | null, opening: Opening): boolean {
  const { round, head } = known ?? { round: 0, head: firstHead(runId) };
  if (opening.round < round) return false;
  if (opening.round === round) return equalBytes(opening.head, head);
  if (opening.round > round + 1) return true;
  return opening.last !== null && equalBytes(opening.head, nextHead(head, opening.last));
}
