/** Tests of `shared/secagg/batch.ts`: what a batch of prekeys is bound to, and who plays which part in it. */
import { expect, test } from "vitest";
import { toHex } from "../../../shared/base/bytes.ts";
import { type BatchPlace, dealtContext, openBatch, serves } from "../../../shared/secagg/batch.ts";
import { groupRules, type SumParams } from "../../../shared/secagg/params.ts";
import { unsafeSecret, upTo } from "../../support/group.ts";

function sumOf(count: number, runId = "run"): SumParams {
  const identityKey = new Uint8Array(32);
  const roster = upTo(count).map((i) => ({ memberId: `member-${i}`, identityKey }));
  return {
    ...groupRules(count),
    degree: 32,
    threshold: 21,
    runId,
    roster,
    coordinatorKey: identityKey,
    survivorsMin: 3,
  };
}
const noncesOf = (members: readonly number[], text = "nonce"): Uint8Array[] =>
  members.map((index) => unsafeSecret(`${text} ${index}`));

const place: BatchPlace = { number: 3, firstAttempt: 40, count: 16, members: upTo(70) };

test("the opening is bound to run, number, attempts, members and nonces", () => {
  const nonces = noncesOf(place.members);
  const openingOf = (change: Partial<BatchPlace>, list = nonces, sum = sumOf(100)): string =>
    toHex(openBatch(sum, { ...place, ...change }, list).opening);
  const others = [...upTo(69), 80];
  const openings = [
    openingOf({}),
    openingOf({ number: 4 }),
    openingOf({ firstAttempt: 41 }),
    openingOf({ count: 15 }),
    openingOf({ members: others }),
    openingOf({}, noncesOf(place.members, "other")),
    openingOf({}, [...nonces.slice(1), ...nonces.slice(0, 1)]),
    openingOf({}, nonces, sumOf(100, "another run")),
  ];
  expect(new Set(openings).size).toBe(openings.length);
  expect(openingOf({})).toBe(openings[0]);
});

test("one other nonce makes another graph; other attempt numbers do not", () => {
  const nonces = noncesOf(place.members);
  const graphOf = (change: Partial<BatchPlace>, list = nonces): string =>
    JSON.stringify(
      place.members.map((i) =>
        openBatch(sumOf(100), { ...place, ...change }, list).graph.neighbours(i),
      ),
    );
  const changed = nonces.map((nonce, i) => (i === 69 ? unsafeSecret("late") : nonce));
  expect(graphOf({}, changed)).not.toBe(graphOf({}));
  expect(graphOf({ number: 4 })).not.toBe(graphOf({}));
  expect(graphOf({ firstAttempt: 41 })).toBe(graphOf({}));
});

test("holders are the neighbours and the member itself, ascending", () => {
  const batch = openBatch(sumOf(100), place, noncesOf(place.members));
  for (const index of place.members) {
    const holders = batch.graph.holders(index);
    expect(holders.length).toBe(33);
    expect(holders).toEqual([...holders].sort((a, b) => a - b));
    expect(holders.filter((holder) => holder !== index)).toEqual(batch.graph.neighbours(index));
    expect(holders).toContain(index);
  }
});

test("a batch serves its attempts and no others", () => {
  expect([39, 40, 55, 56].map((attempt) => serves(place, attempt))).toEqual([
    false,
    true,
    true,
    false,
  ]);
});

test("up to 200 members all members of the batch confirm, and nobody else", () => {
  const batch = openBatch(sumOf(100), place, noncesOf(place.members));
  expect([...batch.committee].sort((a, b) => a - b)).toEqual(place.members);
});

test("beyond, a committee is drawn from the batch's members by the graph's seed", () => {
  const sum = sumOf(400);
  const members = upTo(400).filter((index) => index % 9 !== 0);
  const opened = (text: string) =>
    openBatch(sum, { ...place, members }, noncesOf(members, text)).committee;
  const committee = opened("nonce");
  expect(committee.size).toBe(327);
  expect([...committee].every((index) => members.includes(index))).toBe(true);
  expect([...opened("nonce")]).toEqual([...committee]);
  const other = [...opened("other")].filter((index) => committee.has(index));
  expect(other.length).toBeLessThan(327);
});

test("a batch smaller than the committee's size is its own committee", () => {
  const members = upTo(300);
  const batch = openBatch(sumOf(400), { ...place, members }, noncesOf(members));
  expect([...batch.committee].sort((a, b) => a - b)).toEqual(members);
});

test("the context of a dealing is bound to run, opening, dealers and what each dealt", () => {
  const sum = sumOf(100);
  const batch = openBatch(sum, place, noncesOf(place.members));
  const other = openBatch(sum, { ...place, number: 4 }, noncesOf(place.members));
  const dealers = [0, 5, 9];
  const hashes = dealers.map((index) => unsafeSecret(`hash ${index}`));
  const contexts = [
    dealtContext(sum, batch, dealers, hashes),
    dealtContext(sum, batch, [0, 5, 8], hashes),
    dealtContext(sum, batch, dealers, [...hashes].reverse()),
    dealtContext(sum, batch, dealers.slice(1), hashes.slice(1)),
    dealtContext(sum, other, dealers, hashes),
    dealtContext({ ...sum, runId: "another run" }, batch, dealers, hashes),
  ].map(toHex);
  expect(new Set(contexts).size).toBe(contexts.length);
  expect(() => dealtContext(sum, batch, dealers, hashes.slice(1))).toThrow("one hash");
});

test("members outside the roster are our own mistake", () => {
  expect(() => openBatch(sumOf(9), { ...place, members: [0, 1, 9] }, [])).toThrow("out of range");
});
