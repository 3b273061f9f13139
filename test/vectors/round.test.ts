/** The product plays the second implementation's rounds: the same bytes from everybody, and the same sum. */
import { expect, test } from "vitest";
import { concatBytes, toHex, wordsToBytes } from "../../shared/base/bytes.ts";
import { sha256 } from "../../shared/crypto/hash.ts";
import * as agent from "../../shared/secagg/agent.ts";
import { type AgentBatch, dealBatch, takeShares } from "../../shared/secagg/agent-batch.ts";
import { type Batch, openBatch } from "../../shared/secagg/batch.ts";
import {
  agreeing,
  bundleFor,
  closeDealing,
  type Dealing,
  type DealtPrekeyBatch,
  readDealing,
} from "../../shared/secagg/coordinator-batch.ts";
import { applyMasksInPlace } from "../../shared/secagg/masks.ts";
import { packRing, reduceInPlace } from "../../shared/secagg/ring.ts";
import { nextHead } from "../../shared/transcript/chain.ts";
import { scriptedRng, unusedOf, vectorIds, vectorOf } from "./load.ts";
import { coordinatorOf, INPUTS, type Inputs, OUTPUTS, type Room, roomOf } from "./round-room.ts";

interface DealtRoom {
  readonly prekeys: DealtPrekeyBatch;
  readonly batches: readonly AgentBatch[];
  readonly entries: readonly string[];
  readonly signatures: readonly string[];
}

function dealAll({ sum, members }: Room, inputs: Inputs): DealtRoom {
  const place = { ...inputs.batch, members: [...sum.roster.keys()] };
  const batch: Batch = openBatch(sum, place, []);
  const dealt = members.map((self, i) => {
    const made = dealBatch(
      sum,
      self,
      batch,
      scriptedRng(concatBytes(...(inputs.members[i]?.draws ?? []))),
    );
    if (!made) throw new Error("nothing dealt");
    return made;
  });
  const dealings = new Map<number, Dealing>();
  for (const [i, { entries, signature }] of dealt.entries()) {
    const read = readDealing(sum, batch, i, entries, signature);
    if (!read) throw new Error("dealing not read");
    dealings.set(i, read);
  }
  const { kept, disputed } = agreeing(batch, dealings);
  expect(disputed).toEqual([]);
  const prekeys = closeDealing(sum, batch, kept);
  const batches = members.map((self, i) => {
    const own = dealt[i];
    const taken = own && takeShares(sum, self, own.state, bundleFor(prekeys, i));
    if (!taken || taken.faulty.length > 0) throw new Error("shares not taken");
    return taken.state;
  });
  const entries = dealt.map((one) => toHex(one.entries));
  return { prekeys, batches, entries, signatures: dealt.map((one) => toHex(one.signature)) };
}

function unwrap<T>(outcome: agent.Outcome<T>): T {
  if (!outcome.ok) throw new Error(outcome.code);
  return outcome.value;
}

test.each(vectorIds.filter((id) => id.startsWith("round/")))("%s", (id) => {
  const { inputs, outputs } = vectorOf(id, INPUTS, OUTPUTS);
  const { place, survivors } = inputs;
  const room = roomOf(inputs);
  const { sum, members } = room;
  expect(sum.roster.map(({ identityKey }) => toHex(identityKey))).toEqual(outputs.identityKeys);
  expect(room.joins.map(({ signature }) => toHex(signature))).toEqual(outputs.joinSignatures);
  const dealt = dealAll(room, inputs);
  expect(dealt.entries).toEqual(outputs.entries);
  expect(dealt.signatures).toEqual(outputs.prekeySignatures);
  expect(toHex(dealt.prekeys.context)).toBe(outputs.dealtContext);
  for (const { context } of dealt.batches) expect(toHex(context)).toBe(outputs.dealtContext);

  const { feed, said, effects } = coordinatorOf(room, inputs, dealt.prekeys);
  const working = dealt.batches.map((batch) => unwrap(agent.beginAttempt(batch, place)));
  for (const [from, { batch }] of working.entries())
    feed({ type: "ready", from, holds: batch.holds }, 1);
  const { cohort } = said("sendCommit");
  const uploads = members.map((self, i) => {
    const begun = working[i];
    if (!begun) throw new Error("not begun");
    const { state, masks } = unwrap(agent.commit(sum, self, begun, cohort));
    const vector = Uint32Array.from(inputs.members[i]?.vector ?? []);
    applyMasksInPlace(vector, masks, place.ringBits);
    reduceInPlace(vector, place.ringBits);
    const bytes = packRing(vector, place.ringBits);
    return {
      bytes,
      root: sha256(bytes),
      context: state.context,
      ...agent.signMasked(self, state, sha256(bytes)),
    };
  });
  expect(uploads.map(({ context }) => toHex(context))).toEqual(
    members.map(() => outputs.roundContext),
  );
  expect(uploads.map(({ bytes }) => toHex(bytes))).toEqual(outputs.masked);
  expect(uploads.map(({ root }) => toHex(root))).toEqual(outputs.roots);
  expect(uploads.map(({ signature }) => toHex(signature))).toEqual(outputs.maskedSignatures);
  for (const from of survivors) {
    const { bytes, root, signature } = uploads[from] ?? {};
    if (!bytes || !root || !signature) throw new Error("no upload");
    feed({ type: "masked", from, root, signature, byteLength: bytes.length }, 2);
    feed({ type: "maskedPart", from, bytes }, 2);
  }
  // Whoever has not come when time is up is a dropout.
  const atMs = survivors.length < members.length ? 1500 : 3;
  if (atMs > 1000) feed({ type: "tick" }, atMs);

  const included = said("sendIncluded");
  expect(toHex(included.signature)).toBe(outputs.includedSignature);
  const confirmed = survivors.map((index) => {
    const self = members[index];
    const upload = uploads[index];
    if (!self || !upload) throw new Error("no survivor");
    const path = included.paths[included.to.indexOf(index)] ?? new Uint8Array();
    const outcome = unwrap(agent.include(sum, self, upload.state, { ...included, path }));
    return { index, self, ...outcome };
  });
  expect(confirmed.map(({ confirmation }) => toHex(confirmation))).toEqual(outputs.confirmations);
  expect(confirmed.map(({ state }) => toHex(state.inclusion))).toEqual(
    survivors.map(() => outputs.inclusion),
  );
  for (const { index, confirmation } of confirmed)
    feed({ type: "confirmed", from: index, confirmation }, atMs);
  const revealed = confirmed.map(({ index, self, state }) => {
    const order = effects.find((one) => one.type === "sendCertificate" && one.to === index);
    if (order?.type !== "sendCertificate") throw new Error("no certificate");
    const given = unwrap(agent.reveal(sum, self, state, order.certificate));
    const others = survivors.filter((of) => of !== index);
    const more = unwrap(agent.revealMore(self, given.state, others)).revealed;
    return { said: { type: "shares", from: index, ...given.revealed } as const, more };
  });
  expect(revealed.map(({ said: { seed } }) => toHex(seed))).toEqual(outputs.seeds);
  expect(revealed.map(({ said: { shares } }) => toHex(shares))).toEqual(outputs.shares);
  expect(revealed.map(({ said: { signature } }) => toHex(signature))).toEqual(
    outputs.sharesSignatures,
  );
  expect(revealed.map(({ more }) => toHex(more.shares))).toEqual(outputs.moreShares);
  expect(revealed.map(({ more }) => toHex(more.signature))).toEqual(outputs.moreSignatures);
  for (const { said: shares } of revealed) feed(shares, atMs);

  const masks = new Uint32Array(place.dimension);
  applyMasksInPlace(masks, said("expand").masks, place.ringBits);
  feed({ type: "expanded", masks }, atMs);
  const released = said("released");
  const resultHash = sha256(wordsToBytes(released.sum));
  expect([...released.sum]).toEqual(outputs.sum);
  expect(toHex(released.inclusion)).toBe(outputs.inclusion);
  expect(toHex(resultHash)).toBe(outputs.resultHash);
  const link = { inclusion: released.inclusion, resultHash };
  expect(toHex(nextHead(place.transcript, link))).toBe(outputs.nextHead);
});

test("every round of the file is played", () => {
  expect(unusedOf("rounds")).toEqual([]);
});
