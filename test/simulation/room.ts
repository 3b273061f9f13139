/** A room to simulate: charter, members with keys of their own, a manifest that all have signed. */
import { toHex } from "../../shared/base/bytes.ts";
import { randomBytes } from "../../shared/base/env.ts";
import { type Charter, charterHash } from "../../shared/charter/charter.ts";
import type { Decision } from "../../shared/charter/decision.ts";
import { approvalsRequired } from "../../shared/charter/governance.ts";
import { Manifest, runIdOf, sumParams } from "../../shared/charter/manifest.ts";
import { sha256 } from "../../shared/crypto/hash.ts";
import { type Identity, identityFromSecret } from "../../shared/crypto/identity.ts";
import { enrolmentStatement } from "../../shared/protocol/handshake.ts";
import type { SumParams } from "../../shared/secagg/params.ts";
import { memberIds, smallCharter } from "../support/charters.ts";
import { decisionOn, FOREVER_MS } from "../support/manifests.ts";
import { unsafeSeededRng } from "./dice.ts";

export interface Room {
  readonly charter: Charter;
  readonly coordinator: Identity;
  /** By roster index. */
  readonly members: readonly { readonly memberId: string; readonly identity: Identity }[];
  readonly roster: Manifest["roster"];
}

export interface RoomRun {
  readonly room: Room;
  readonly manifest: Manifest;
  readonly runId: string;
  /** As many members approve as must. */
  readonly decisions: readonly Decision[];
  readonly sum: SumParams;
}

const rooms = new Map<string, Room>();

/** Made once for each size: signing takes longer than simulating. */
export function roomOf(memberCount: number, membersMin = 3): Room {
  const name = `${memberCount}/${membersMin}`;
  const known = rooms.get(name);
  if (known) return known;
  const ids = memberIds(memberCount);
  const plain = smallCharter(ids);
  const charter = { ...plain, minimums: { ...plain.minimums, members: membersMin } };
  const hash = charterHash(charter);
  const members = ids.map((memberId) => ({ memberId, identity: unsafeIdentity(memberId) }));
  const roster = members.map(({ memberId, identity }) => {
    const signature = identity.sign(enrolmentStatement(hash, memberId, identity.publicKey));
    const identityKey = toHex(identity.publicKey);
    return { memberId, identityKey, enrolmentSignature: toHex(signature) };
  });
  const room: Room = { charter, coordinator: unsafeIdentity("coordinator"), members, roster };
  rooms.set(name, room);
  return room;
}

export function unsafeIdentity(name: string): Identity {
  return identityFromSecret(randomBytes(unsafeSeededRng(`identity ${name}`), 32));
}

/** A run of `rounds` sums of `dimension` elements: a probe, whose vectors a simulation may choose. */
export function runIn(room: Room, seed: string, rounds: number, dimension: number): RoomRun {
  const manifest = Manifest.parse({
    version: 1,
    room: room.charter.room,
    charterHash: charterHash(room.charter),
    coordinatorKey: toHex(room.coordinator.publicKey),
    roster: room.roster,
    task: { kind: "probe", dimension, rounds },
    privacy: null,
    createdAtMs: 0,
    expiresAtMs: FOREVER_MS,
    nonce: toHex(sha256(new TextEncoder().encode(seed)).subarray(0, 16)),
  });
  const runId = runIdOf(manifest);
  const decisions = room.members
    .slice(0, approvalsRequired(room.charter))
    .map(({ memberId, identity }) => decisionOn(manifest, memberId, "approved", identity));
  const sum = sumParams(manifest, room.charter, runId);
  return { room, manifest, runId, decisions, sum };
}
