/** EDGE: what an agent's folder knows of its room, besides the copy of its history: keys, what it signed for, what it saw. */
import { equalBytes, toHex } from "../../shared/base/bytes.ts";
import { identityFromSecret } from "../../shared/crypto/identity.ts";
import { osRng } from "../../shared/edge/os.ts";
import type { SignedEntry } from "../../shared/transcript/chain.ts";
import type { RoomTrust } from "../../shared/transcript/room/history.ts";
import type { Edition, RoomState } from "../../shared/transcript/room/state.ts";
import { Vault } from "../vault.ts";
import type { Followed } from "../vault-charters.ts";
import { readEvidence } from "./own.ts";

export interface Knowledge {
  readonly trust: RoomTrust;
  /** What the coordinator signed for this member as rounds opened. */
  readonly openings: readonly Opening[];
  /** Whether editions of the charter are those that the folder's vault signed. */
  readonly judge: (editions: readonly Edition[]) => Followed;
}

type Opening = Extract<SignedEntry, { kind: "roundOpened" }>;

/** Whoever has the file and nothing else. */
export const NOBODY: Knowledge = {
  trust: { coordinatorKey: null, memberKeys: new Map(), heads: new Map() },
  openings: [],
  judge: () => ({ type: "same" }),
};

/** @throws {CloisterError} If no agent was set up in the folder. */
export function ownKnowledge(folder: string): Knowledge {
  const vault = Vault.openExisting(folder);
  try {
    const { memberId, coordinatorKey } = vault.enrolment();
    const own = toHex(identityFromSecret(vault.identitySecret(osRng)).publicKey);
    const revoked = vault.keys.revoked();
    // A copy of before a rotation has the key of then: the first that is known is on every trail.
    const first = [...vault.keys.trails(), [memberId, vault.keys.trailOf(own)] as const].map(
      ([id, trail]): [string, string] => [id, trail[0] ?? ""],
    );
    const memberKeys = new Map(first.filter(([, key]) => !revoked.has(key)));
    const cosigned = vault.cosigned();
    const heads = new Map(cosigned ? [[cosigned.size, cosigned.root]] : []);
    const openings = readEvidence(folder).filter((entry) => entry.kind === "roundOpened");
    const judge = vault.charters.judging(memberId);
    return { trust: { coordinatorKey, memberKeys, heads }, openings, judge };
  } finally {
    vault.close();
  }
}

/**
 * A round that opened, for this member, on another history of its run than the room's: the coordinator signed both. Or a
 * charter that this member did not sign.
 */
export function contradiction(
  { openings, judge }: Knowledge,
  { runs, editions }: RoomState,
): string | null {
  const judged = judge(editions);
  if (judged.type === "notSigned")
    return `edition ${judged.edition} of the charter is in force, and this agent's vault did not sign it (cloister agent amendment)`;
  for (const { runId, round, head } of openings) {
    const written = runs.get(runId)?.heads[round];
    if (written && !equalBytes(written, head))
      return `run ${runId.slice(0, 12)}: as round ${round} opened, the coordinator signed another history of it for this agent`;
  }
  return null;
}

/** Rounds that the copy does not tell of: it is behind, or they were left out. */
export function untold({ openings }: Knowledge, { runs }: RoomState): string[] {
  const last = new Map(openings.map(({ runId, round }) => [runId, round]));
  return [...last].flatMap(([runId, round]) => {
    if (runs.get(runId)?.heads[round]) return [];
    return `run ${runId.slice(0, 12)}: this agent saw round ${round} open, and the copy ends before; start the agent, and look again`;
  });
}
