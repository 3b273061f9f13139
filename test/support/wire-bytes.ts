/** What one member sends and is sent beside vectors, in bytes: encoded messages, each in its frame. For measurements. */
import { messagesOf } from "../../coordinator/run/attempt.ts";
import { offerOf } from "../../coordinator/run/offer.ts";
import { toHex } from "../../shared/base/bytes.ts";
import { type Rng, randomBytes } from "../../shared/base/env.ts";
import { toBitmap } from "../../shared/base/member-set.ts";
import { toWire } from "../../shared/charter/decision.ts";
import { type Manifest, manifestText, runIdOf } from "../../shared/charter/manifest.ts";
import { encode } from "../../shared/protocol/codec.ts";
import type { AgentMessage, CoordinatorMessage } from "../../shared/protocol/messages.ts";
import { Session } from "../../shared/protocol/session.ts";
import type { AttemptEffect, AttemptEvent, AttemptParams } from "../../shared/secagg/attempt.ts";
import type { Batch } from "../../shared/secagg/batch.ts";
import { encapsulatesTo } from "../../shared/secagg/channel.ts";
import { entriesBytes, forwardedBytes } from "../../shared/secagg/entries.ts";
import type { SumParams } from "../../shared/secagg/params.ts";
import { lineText, makeEntry } from "../../shared/transcript/room/entry.ts";
import type { RoomEvent } from "../../shared/transcript/room/event.ts";
import { unsafeRng, unsafeSecret } from "./group.ts";
import { approvalsOf } from "./manifests.ts";

type Message = AgentMessage | CoordinatorMessage;

const NONE = new Uint8Array();
const HASH = unsafeSecret("hash");
const SIGNATURE = new Uint8Array(64);

/** On the wire, frames' heads included. */
export function bytesOf(messages: readonly Message[]): number {
  const session = new Session("measured");
  return messages.reduce((sum, message) => sum + session.sendControl(encode(message)).length, 0);
}

/** What a member says in an attempt. */
export function saidBy({ sum, place }: AttemptParams, event: AttemptEvent): AgentMessage[] {
  const common = { runId: sum.runId, attempt: place.attempt };
  const bitmap = (indices: readonly number[]): Uint8Array => toBitmap(indices, sum.roster.length);
  switch (event.type) {
    case "ready":
      return [{ type: "ready", ...common, holds: bitmap(event.holds) }];
    case "masked": {
      const { root: sha256, byteLength, signature } = event;
      return [{ type: "masked", ...common, signature, vector: { byteLength, sha256 } }];
    }
    case "confirmed":
      return [{ type: "confirmed", ...common, confirmation: event.confirmation }];
    case "shares": {
      const { seed, shares, signature } = event;
      return [{ type: "shares", ...common, seed, of: bitmap(event.of), shares, signature }];
    }
    default:
      return [];
  }
}

/** What a member is told in an attempt, beside the opening. */
export function toldTo(params: AttemptParams, effect: AttemptEffect, member: number): Message[] {
  switch (effect.type) {
    case "sendCommit":
    case "sendIncluded":
    case "sendCertificate":
    case "askShares":
      return messagesOf(params, effect).flatMap(({ to, message }) =>
        to.includes(member) ? [message] : [],
      );
    default:
      return [];
  }
}

export function opening({ sum, place }: AttemptParams): Message {
  const { round, attempt } = place;
  return {
    type: "roundOpened",
    ...{ runId: sum.runId, round, attempt, askKind: "gradient", cohort: NONE, head: HASH },
    last: { inclusion: HASH, resultHash: HASH },
    signature: SIGNATURE,
    vector: { byteLength: 4_000_000, sha256: HASH },
  };
}

/** What a batch takes of one member, by the sizes that both halves insist on. */
export function batchMessages(sum: SumParams, batch: Batch, member: number): Message[] {
  const { number, firstAttempt, count, members, graph } = batch;
  const all = toBitmap(members, sum.roster.length);
  const of = { runId: sum.runId, batch: number };
  const shares = graph
    .neighbours(member)
    .reduce((bytes, dealer) => bytes + forwardedBytes(batch, dealer, member), 0);
  const entries = new Uint8Array(entriesBytes(batch, member));
  const hashes = new Uint8Array(32 * members.length);
  return [
    { type: "batchOpened", ...of, firstAttempt, count, members: all, nonces: NONE },
    { type: "prekeys", ...of, nonce: NONE, entries, signature: SIGNATURE },
    { type: "batchDealt", ...of, dealers: all, hashes, shares: new Uint8Array(shares) },
  ];
}

/** How a run begins for one member: proposed, decided by all, offered, joined, channels with everyone. */
export function beginning(manifest: Manifest, sum: SumParams, member: number): Message[] {
  const rng = unsafeRng("beginning");
  const runId = runIdOf(manifest);
  const decisions = approvalsOf(manifest);
  const [own] = decisions;
  if (!own) throw new Error("nobody decided");
  const events: RoomEvent[] = [
    { type: "runProposed", runId, manifest: manifestText(manifest) },
    ...decisions.map((decision) => ({ type: "runDecided", runId, decision }) as const),
    { type: "runStarted", runId },
  ];
  const channelKey = randomBytes(rng, 32);
  const keys = { channelKey, nonceRoot: NONE, signature: randomBytes(rng, 64) };
  const whole = randomBytes(rng, 1184);
  const others = [...sum.roster.keys()].filter((index) => index !== member);
  const toUs = others.filter((index) => encapsulatesTo(sum, index, member));
  const secret = { ciphertext: randomBytes(rng, 1088), tag: randomBytes(rng, 16) };
  return [
    { type: "runProposed", runId, manifest: manifestText(manifest) },
    { type: "runDecided", runId, ...toWire(own) },
    extension(events, rng),
    offerOf({ runId, manifest, decisions }),
    { type: "runJoined", runId, ...keys, kemKey: whole, engine: null },
    // One after another, as they join.
    ...others.flatMap((index): Message[] => {
      const isOurs = !toUs.includes(index);
      const kemKey = isOurs ? whole : HASH;
      const secrets = isOurs ? [{ to: index, ...secret }] : [];
      return [
        { type: "membersJoined", runId, members: [{ member: index, ...keys, kemKey }] },
        { type: "channelSecrets", runId, nonce: NONE, secrets },
      ];
    }),
    ...toUs.map((from): Message => ({ type: "channelSecret", runId, from, ...secret })),
  ];
}

/** What the room's history has of one round, under a head of its own, and the member's signature over it. */
export function roundOfHistory(memberIds: readonly string[], runId: string): Message[] {
  const rng = unsafeRng("released");
  const said = { runId, round: 1500, attempt: 1605, askKind: "gradient" };
  const hashes = { inclusion: hex(rng, 32), resultHash: hex(rng, 32) };
  return [
    extension([{ type: "roundReleased", ...said, survivors: [...memberIds], ...hashes }], rng),
    { type: "headCosigned", size: 100_000, signature: SIGNATURE },
  ];
}

/** All members' signatures, as entries. */
export function cosignatures(memberIds: readonly string[]): Message[] {
  const rng = unsafeRng("cosigned");
  const signed = memberIds.map((memberId): RoomEvent => {
    const signature = hex(rng, 64);
    return { type: "headCosigned", size: 100_000, memberId, signature };
  });
  return [extension(signed, rng)];
}

const hex = (rng: Rng, length: number): string => toHex(randomBytes(rng, length));

function extension(events: readonly RoomEvent[], rng: Rng): Message {
  let previous = hex(rng, 32);
  const lines = events.map((event, i) => {
    const entry = makeEntry(100_000 + i, previous, 1_700_000_000_000 + i, event);
    previous = entry.hash;
    return lineText(entry);
  });
  const size = 100_000 + events.length;
  const head = lineText({ size, root: hex(rng, 32), signature: hex(rng, 64) });
  return { type: "roomExtended", from: 100_000, lines: [...lines, head].join(""), size };
}
