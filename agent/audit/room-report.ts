/** EDGE: what a room's history that holds says, in lines for people and as data for programs; a time is shown as a date. */

import { short } from "../../shared/audit/check.ts";
import { fromHex } from "../../shared/base/bytes.ts";
import { counted } from "../../shared/base/counted.ts";
import type { MemberStatement } from "../../shared/charter/member-statement.ts";
import { releaseStanding } from "../../shared/charter/release.ts";
import { fingerprint } from "../../shared/crypto/identity.ts";
import { editionLines } from "../../shared/edge/edition-lines.ts";
import { releaseLines } from "../../shared/edge/release-lines.ts";
import type { Document } from "../../shared/transcript/room/document.ts";
import type { WholeHistory } from "../../shared/transcript/room/history.ts";
import type { RoomRun, RoomState, Stated } from "../../shared/transcript/room/state.ts";

export function reportLines(whole: WholeHistory, remarks: readonly string[]): string[] {
  const { state, head, documents } = whole;
  const { room, keys, revoked, stated, runs } = state;
  const upTo = new Date(state.latestMs).toISOString();
  return [
    `Room "${room}": ${counted(head.size, "entry", "entries")} to ${upTo}, signed by coordinator ${printOf(state.coordinatorKey)}`,
    ...editionLines(state),
    ...[...keys].map(([memberId, key]) => memberLine(state, memberId, key)),
    ...[...revoked].map(([key, memberId]) => `Revoked    key ${printOf(key)} of ${memberId}`),
    ...stated.map(statedLine),
    ...[...runs].flatMap(([runId, run]) => runLines(state, runId, run, documents)),
    ...documents.flatMap(extractLine),
    ...remarks.map((remark) => `Look into: ${remark}`),
    "The history holds. Whose keys these are only a person can say: compare them by telephone.",
  ];
}

function memberLine(state: RoomState, memberId: string, key: string): string {
  const { cosigned, left, trails } = state;
  const rotated = (trails.get(memberId)?.keys.length ?? 1) - 1;
  const size = cosigned.get(memberId);
  const seen =
    size === undefined
      ? "has signed for no entry"
      : `has signed for ${counted(size, "entry", "entries")}`;
  const gone = left.has(memberId) ? ", and has left" : "";
  const chain =
    rotated === 0 ? "" : `, signed for by the one before (${counted(rotated, "rotation")})`;
  return `Member ${memberId}  key ${printOf(key)}${chain}  ${seen}${gone}`;
}

function statedLine({ entry, statement }: Stated): string {
  const { memberId, atMs } = statement;
  return `Entry ${entry}: ${memberId} signed on ${new Date(atMs).toISOString()} that it ${saidIn(statement)}`;
}

function saidIn(statement: MemberStatement): string {
  switch (statement.kind) {
    case "left":
      return `left the room: ${statement.reason}`;
    case "rosterConfirmed":
      return `confirmed the roster ${short(statement.rosterHash)}`;
    case "keyRevoked": {
      const { about, identityKey, reason } = statement;
      return `revokes the key ${printOf(identityKey)} of ${about}: ${reason}`;
    }
  }
}

function runLines(
  { editions }: RoomState,
  runId: string,
  run: RoomRun,
  documents: readonly Document[],
): string[] {
  const { manifest, charter, phase, refusal, decisions, heads, end, releases, isDeleted } = run;
  const rounds = heads.length - 1;
  const outcome = end ? end.outcome : (refusal ?? phase);
  const { edition = 1 } = editions.find((one) => one.charterHash === manifest.charterHash) ?? {};
  const under = editions.length > 1 ? `, under charter ${edition}` : "";
  const what = `${manifest.task.kind}  ${outcome}, ${counted(rounds, "round")}${under}`;
  const lines = [`Run ${runId.slice(0, 12)}  ${what}`];
  for (const { memberId, decision, reasons } of decisions) {
    const why = reasons.map(({ message }) => message).join("; ");
    const said = decision === "refused" ? "could take no part" : decision;
    lines.push(`  ${memberId} ${said}${why && `: ${why}`}`);
  }
  if (end?.modelHash) lines.push(`  model ${short(end.modelHash)}`);
  for (const [kind, name, hash] of [
    ["modelCard", "model card", end?.cardHash],
    ["privacyStatement", "privacy statement", end?.statementHash],
  ] as const) {
    if (!hash) continue;
    const isHere = documents.some((one) => one.kind === kind && one.runId === runId);
    lines.push(`  ${name} ${short(hash)}  ${isHere ? "is here, and is that one" : "is not here"}`);
  }
  if (end?.modelHash) lines.push(...releaseLines(charter, releases));
  if (isDeleted) lines.push("  model and kept rounds deleted, by the coordinator's word");
  return lines;
}

function extractLine(document: Document): string[] {
  if (document.kind !== "ledgerExtract") return [];
  const { memberId, atMs } = document;
  return [`Ledger of ${memberId} as it was ${new Date(atMs).toISOString()}, signed by it`];
}

/** For programs: everything, readable. */
export function reportData({ state, head, documents }: WholeHistory, remarks: readonly string[]) {
  const { room, coordinatorKey, charter, charterHash, keys, stated, runs, cosigned } = state;
  const { trails, revoked, editions, amendments } = state;
  return {
    type: "holds",
    room,
    coordinatorKey,
    entries: head.size,
    root: head.root,
    charterHash,
    charter,
    editions,
    amendments: amendments.map(({ entry, phase, proposed }) => {
      const { amendment, amendmentHash, words } = proposed;
      return { entry, phase, amendmentHash, amendment, words: [...words.values()] };
    }),
    members: [...keys].map(([memberId, identityKey]) => {
      const trail = trails.get(memberId)?.keys ?? [];
      return { memberId, identityKey, trail, cosigned: cosigned.get(memberId) ?? 0 };
    }),
    revoked: [...revoked].map(([identityKey, memberId]) => ({ memberId, identityKey })),
    statements: stated,
    runs: [...runs].map(([runId, { heads, charter: agreed, ...run }]) => {
      const release = run.end?.modelHash ? releaseStanding(agreed, run.releases) : null;
      return { runId, ...run, rounds: heads.length - 1, release };
    }),
    documents,
    remarks,
  };
}

const printOf = (key: string): string => fingerprint(fromHex(key));
