/** The product reproduces every vector of the second implementation, and the file is what that one writes now. */
import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { z } from "zod";
import { toHex } from "../../shared/base/bytes.ts";
import { fromBitmap, toBitmap } from "../../shared/base/member-set.ts";
import { RING_BITS, type RingBits } from "../../shared/base/ring-bits.ts";
import { framedHash, macKey } from "../../shared/crypto/hash.ts";
import { identityFromSecret, verifySignature } from "../../shared/crypto/identity.ts";
import { LABELS } from "../../shared/crypto/labels.ts";
import { dealtContext, openBatch } from "../../shared/secagg/batch.ts";
import { confirm } from "../../shared/secagg/certificate.ts";
import { buildGraph } from "../../shared/secagg/graph.ts";
import * as keys from "../../shared/secagg/keys.ts";
import { applyMasksInPlace } from "../../shared/secagg/masks.ts";
import { isEarlierLink, nonceChain } from "../../shared/secagg/nonces.ts";
import * as prekeys from "../../shared/secagg/prekeys.ts";
import { packRing, reduceInPlace, unpackRing } from "../../shared/secagg/ring.ts";
import { entryStatement, firstHead, nextHead } from "../../shared/transcript/chain.ts";
import { reachable } from "../support/architecture.ts";
import { keyVectors } from "./key-vectors.ts";
import { Bytes, channelWith, Int, sumOf, Text, unusedOf, vectorOf, vectorsFile } from "./load.ts";
import { roundVectors } from "./round-vectors.ts";
import { aes256, gcmSeal } from "./second/cipher.ts";
import { unhex } from "./second/primitives.ts";
import { sumVectors } from "./sum-vectors.ts";
import { vectorsText } from "./vector.ts";

const EMPTY = new Uint8Array();

test("the file is what the second implementation writes now", () => {
  const written = vectorsText([...keyVectors(), ...sumVectors(), ...roundVectors()]);
  expect(written === vectorsFile).toBe(true);
});

test("the second implementation imports nothing of the product's", () => {
  const root = new URL("../..", import.meta.url).pathname;
  const paths = globSync("test/vectors/**/*.ts", { cwd: root });
  const sources = new Map(paths.map((path) => [path, readFileSync(`${root}${path}`, "utf8")]));
  const used = reachable(sources, "test/vectors/generate.ts");
  expect(used.size).toBeGreaterThan(10);
  const foreign = [...used].filter((path) => !path.startsWith("test/vectors/"));
  expect(foreign.filter((path) => path !== "node:fs" && !path.startsWith("@noble/"))).toEqual([]);
});

test("the second implementation's AES and GCM give the standards' own examples", () => {
  const key = unhex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
  const block = aes256(key)(unhex("00112233445566778899aabbccddeeff"));
  expect(toHex(block)).toBe("8ea2b7ca516745bfeafc49904b496089"); // FIPS 197, C.3.
  const half = "feffe9928665731c6d6a8f9467308308";
  const sealed = gcmSeal(
    unhex(half + half),
    unhex("cafebabefacedbaddecaf888"),
    unhex("feedfacedeadbeeffeedfacedeadbeefabaddad2"),
    unhex(
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
    ),
  );
  // McGrew and Viega, The Galois/Counter Mode of Operation, test case 16.
  expect(toHex(sealed)).toBe(
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b",
  );
});

test("the graph of a seed: who is next to whom", () => {
  const { inputs, outputs } = vectorOf(
    "graph/70-of-100-degree-32",
    { seed: Bytes, members: z.array(Int), degree: Int },
    { order: z.array(Int), neighbours: z.array(Text) },
  );
  const graph = buildGraph(inputs.members, inputs.degree, inputs.seed);
  const found = inputs.members.map((member) => toHex(toBitmap(graph.neighbours(member), 100)));
  expect(found).toEqual(outputs.neighbours);
  // The circle itself: the two next to a member where the degree is 2.
  const circle = buildGraph(inputs.members, 2, inputs.seed);
  const [first = -1, second = -1] = outputs.order;
  const last = outputs.order.at(-1) ?? -1;
  expect(circle.neighbours(first)).toEqual([second, last].sort((a, b) => a - b));
});

test("nonces are shown from the end of their chain", () => {
  const { inputs, outputs } = vectorOf(
    "nonces/chain",
    { secret: Bytes, length: Int },
    { root: Text, first: Text, second: Text, last: Text },
  );
  const chain = nonceChain(inputs.secret);
  expect(chain.length).toBe(inputs.length + 1);
  expect([0, 1, 2, inputs.length].map((i) => toHex(chain[i] ?? EMPTY))).toEqual(
    Object.values(outputs),
  );
  expect(isEarlierLink(chain[2] ?? EMPTY, chain[0] ?? EMPTY, 2)).toBe(true);
});

test.each([
  "batch/complete",
  "batch/regular",
  "batch/committee",
])("%s: opening, graph, committee and dealers of a batch", (id) => {
  const counts = { rosterCount: Int, number: Int, firstAttempt: Int, count: Int };
  const rules = { degree: Int, committee: Int };
  const { inputs, outputs } = vectorOf(
    id,
    {
      runId: Text,
      ...counts,
      ...rules,
      members: Bytes,
      nonces: Bytes,
      dealers: Bytes,
      hashes: Bytes,
    },
    {
      graphSeed: Text,
      opening: Text,
      neighboursOfFirst: Text,
      committee: Text,
      dealtContext: Text,
    },
  );
  const { runId, rosterCount, number, firstAttempt, count, degree, committee } = inputs;
  // The degree is a parameter of the graph, whatever groups of this size use.
  const sum = { ...sumOf(runId, rosterCount, new Map()), degree };
  expect(sum.certificate === "macs" ? 0 : sum.confirmersMax).toBe(committee);
  const listed = (bytes: Uint8Array): Uint8Array[] =>
    Array.from({ length: bytes.length / 32 }, (_, i) => bytes.subarray(32 * i, 32 * i + 32));
  const members = fromBitmap(inputs.members, rosterCount) ?? [];
  const place = { number, firstAttempt, count, members };
  const batch = openBatch(sum, place, listed(inputs.nonces));
  const bitmap = (indices: Iterable<number>): string => toHex(toBitmap(indices, rosterCount));
  expect(toHex(batch.opening)).toBe(outputs.opening);
  expect(bitmap(batch.graph.neighbours(members[0] ?? -1))).toBe(outputs.neighboursOfFirst);
  expect(bitmap(batch.committee)).toBe(outputs.committee);
  const seed = framedHash(LABELS.graph, runId, number, inputs.members, ...listed(inputs.nonces));
  expect(toHex(seed)).toBe(outputs.graphSeed);
  const dealers = fromBitmap(inputs.dealers, rosterCount) ?? [];
  const context = dealtContext(sum, batch, dealers, listed(inputs.hashes));
  expect(toHex(context)).toBe(outputs.dealtContext);
});

const Width = z.union(RING_BITS.map((bits) => z.literal(bits)));

test("an attempt's context and the keys of its masks", () => {
  const numbers = { round: Int, attempt: Int, dimension: Int, ringBits: Width };
  const bytes = { dealt: Bytes, askHash: Bytes, transcript: Bytes };
  const context = vectorOf(
    "attempt/context",
    { runId: Text, rosterCount: Int, ...numbers, ...bytes, cohort: z.array(Int) },
    { context: Text },
  );
  const { runId, rosterCount, dealt, cohort, ...place } = context.inputs;
  const sum = sumOf(runId, rosterCount, new Map());
  expect(toHex(keys.roundContext(sum, dealt, place, cohort))).toBe(context.outputs.context);
  const masks = vectorOf(
    "attempt/mask-keys",
    { seed: Bytes, context: Bytes, owner: Int, peer: Int },
    { self: Text, pair: Text },
  );
  const { seed, owner, peer } = masks.inputs;
  const own = keys.selfMask(seed, masks.inputs.context, owner);
  expect([toHex(own.key), own.sign]).toEqual([masks.outputs.self, 1]);
  const up = keys.pairMask(seed, masks.inputs.context, owner, peer);
  const down = keys.pairMask(seed, masks.inputs.context, peer, owner);
  expect([toHex(up.key), up.sign]).toEqual([masks.outputs.pair, -1]);
  expect([toHex(down.key), down.sign]).toEqual([masks.outputs.pair, 1]);
});

test.each(RING_BITS)("%i bits: the first elements of a mask, and the bytes of a vector", (bits) => {
  const mask = vectorOf(
    `mask/${bits}-bits`,
    { key: Bytes, bits: Width, from: Int, count: Int },
    { elements: z.array(Int), elementsFrom: z.array(Int) },
  );
  const { key, from, count } = mask.inputs;
  const expanded = (width: RingBits, first: number): number[] => {
    const vector = new Uint32Array(count);
    applyMasksInPlace(vector, [{ key, sign: 1 }], width, first);
    reduceInPlace(vector, width);
    return [...vector];
  };
  expect(expanded(mask.inputs.bits, 0)).toEqual(mask.outputs.elements);
  expect(expanded(mask.inputs.bits, from)).toEqual(mask.outputs.elementsFrom);
  const wire = vectorOf(
    `pack/${bits}-bits`,
    { bits: Width, values: z.array(Int) },
    { packed: Bytes },
  );
  const values = Uint32Array.from(wire.inputs.values);
  expect(toHex(packRing(values, wire.inputs.bits))).toBe(toHex(wire.outputs.packed));
  expect(unpackRing(wire.outputs.packed, values.length, wire.inputs.bits)).toEqual(values);
});

test("what members sign and confirm", () => {
  const { inputs, outputs } = vectorOf(
    "attempt/statements",
    {
      rosterCount: Int,
      context: Bytes,
      survivors: z.array(Int),
      roots: Bytes,
      index: Int,
      seed: Bytes,
      shares: Bytes,
    },
    {
      inclusion: Text,
      masked: Text,
      confirm: Text,
      shares: Text,
      prekeysHash: Text,
      prekeys: Bytes,
    },
  );
  const { rosterCount, context, survivors, index, seed, shares } = inputs;
  const sum = sumOf("run", rosterCount, new Map());
  const roots = survivors.map((_, i) => inputs.roots.subarray(32 * i, 32 * i + 32));
  const inclusion = keys.inclusionHash(sum, context, survivors, roots);
  const root = roots[survivors.indexOf(index)] ?? EMPTY;
  expect(toHex(inclusion)).toBe(outputs.inclusion);
  expect(toHex(keys.maskedStatement(context, index, root))).toBe(outputs.masked);
  expect(toHex(keys.confirmStatement(inclusion, index))).toBe(outputs.confirm);
  expect(toHex(keys.sharesStatement(inclusion, index, seed, shares))).toBe(outputs.shares);
  const members = Array.from({ length: rosterCount }, (_, i) => i);
  const opened = openBatch(sum, { number: 0, firstAttempt: 0, count: 1, members }, []);
  const hash = prekeys.prekeysHash({ ...opened, opening: context }, index, shares);
  expect(toHex(hash)).toBe(outputs.prekeysHash);
  const identity = identityFromSecret(new Uint8Array(32).fill(9));
  const signature = prekeys.signPrekeys(identity, inclusion);
  expect(verifySignature(identity.publicKey, outputs.prekeys, signature)).toBe(true);
});

test("a confirmation holds one MAC for each other survivor", () => {
  const { inputs, outputs } = vectorOf(
    "certificate/macs",
    { inclusion: Bytes, from: Int, survivors: z.array(Int), macKeys: z.array(Bytes) },
    { confirmation: Text },
  );
  const { inclusion, from, survivors, macKeys } = inputs;
  const sum = sumOf("run", 9, new Map());
  const members = Array.from({ length: 9 }, (_, i) => i);
  const batch = openBatch(sum, { number: 0, firstAttempt: 0, count: 1, members }, []);
  const channels = new Map(
    survivors.map((to, i) => [
      to,
      channelWith({ confirming: macKey(macKeys[i] ?? new Uint8Array(32)) }),
    ]),
  );
  const identity = identityFromSecret(new Uint8Array(32));
  const self = { index: from, identity, channels };
  const none = { hash: EMPTY, own: new Map(), context: EMPTY, dealers: [], holds: [] };
  const state = { batch, channels, held: new Map(), ...none };
  expect(toHex(confirm(sum, self, state, survivors, inclusion))).toBe(outputs.confirmation);
});

test("the transcript: heads, and what the coordinator signs", () => {
  const heads = vectorOf(
    "transcript/heads",
    { runId: Text, inclusion: Bytes, resultHash: Bytes },
    { first: Text, second: Text },
  );
  const first = firstHead(heads.inputs.runId);
  expect(toHex(first)).toBe(heads.outputs.first);
  expect(toHex(nextHead(first, heads.inputs))).toBe(heads.outputs.second);
  const said = vectorOf(
    "transcript/statements",
    { runId: Text, round: Int, attempt: Int, askHash: Bytes, head: Bytes, inclusion: Bytes },
    { roundOpened: Text, included: Text },
  );
  const { inclusion, ...opened } = said.inputs;
  const { runId, attempt } = opened;
  expect(toHex(entryStatement({ kind: "roundOpened", ...opened }))).toBe(said.outputs.roundOpened);
  const included = { kind: "included", runId, attempt, inclusion } as const;
  expect(toHex(entryStatement(included))).toBe(said.outputs.included);
});

test("every vector is asked for, here or in the test of its group", () => {
  expect(unusedOf("sums")).toEqual([]);
  expect(unusedOf("none")).toEqual([]);
});
