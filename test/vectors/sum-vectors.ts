/** Vectors of batches, graphs, masks, statements, certificates, the transcript, and whole rounds. Pure. */

import { RUN_ID } from "./key-vectors.ts";
import { committeeOf, neighboursOf, shuffled } from "./second/graph.ts";
import { at, bitmap, fixedBytes, hex, join, sha256, shortMac, utf8 } from "./second/primitives.ts";
import * as protocol from "./second/protocol.ts";
import { MASK_BYTES, maskElements, packed } from "./second/ring.ts";
import { type Vector, vector } from "./vector.ts";

const STATEMENTS = "shared/secagg/keys.ts";
const TRANSCRIPT = "shared/transcript/chain.ts";
const GRAPH = "Bell et al., CCS 2020, §3; shared/secagg/batch.ts";
const WIDTHS = Object.keys(MASK_BYTES).map(Number);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

function graphs(): Vector[] {
  const seed = fixedBytes("graph-seed", 32);
  // Seventy of a hundred, so that a member's index is not its place in the list.
  const members = upTo(100).filter((index) => index % 10 < 7);
  const degree = 32;
  const order = shuffled(members, seed);
  const graph = vector(
    "graph/70-of-100-degree-32",
    GRAPH,
    { seed: hex(seed), members, degree },
    {
      order,
      neighbours: members.map((member) => hex(bitmap(neighboursOf(order, degree, member), 100))),
    },
  );
  const secret = fixedBytes("nonce-secret", 32);
  const chain = protocol.nonceChain(secret, 4096);
  const nonces = vector(
    "nonces/chain",
    "Lamport, CACM 1981; shared/secagg/nonces.ts",
    { secret: hex(secret), length: 4096 },
    {
      root: hex(at(chain, 0)),
      first: hex(at(chain, 1)),
      second: hex(at(chain, 2)),
      last: hex(at(chain, 4096)),
    },
  );
  return [graph, nonces];
}

interface BatchCase {
  readonly id: string;
  readonly rosterCount: number;
  readonly members: readonly number[];
  readonly degree: number;
  /** 0: everyone may confirm. */
  readonly committee: number;
}

function batchVector({ id, rosterCount, members, degree, committee }: BatchCase): Vector {
  const complete = degree >= members.length - 1;
  const nonces = complete ? [] : members.map((index) => fixedBytes(`${id} nonce ${index}`, 32));
  const facts = {
    runId: RUN_ID,
    rosterCount,
    number: 5,
    firstAttempt: 80,
    count: 16,
    members,
    nonces,
  };
  const seed = protocol.graphSeed(facts);
  const opening = protocol.batchOpening(facts);
  const order = complete ? members : shuffled(members, seed);
  const first = at(members, 0);
  const dealers = members.filter((_, i) => i % 4 !== 3);
  const hashes = dealers.map((index) => fixedBytes(`${id} hash ${index}`, 32));
  const confirmers = committee === 0 ? members : committeeOf(members, committee, seed);
  const { number, firstAttempt, count } = facts;
  return vector(
    id,
    GRAPH,
    {
      runId: RUN_ID,
      rosterCount,
      number,
      firstAttempt,
      count,
      degree,
      committee,
      members: hex(bitmap(members, rosterCount)),
      nonces: hex(join(...nonces)),
      dealers: hex(bitmap(dealers, rosterCount)),
      hashes: hex(join(...hashes)),
    },
    {
      graphSeed: hex(seed),
      opening: hex(opening),
      neighboursOfFirst: hex(
        bitmap(
          complete
            ? members.filter((index) => index !== first)
            : neighboursOf(order, degree, first),
          rosterCount,
        ),
      ),
      committee: hex(bitmap(confirmers, rosterCount)),
      dealtContext: hex(protocol.dealtContext(RUN_ID, rosterCount, opening, dealers, hashes)),
    },
  );
}

const place = (ringBits: number, dimension: number): protocol.Place => ({
  round: 12,
  attempt: 90,
  askHash: fixedBytes("ask", 32),
  transcript: fixedBytes("head", 32),
  dimension,
  ringBits,
});

function contexts(): Vector[] {
  const dealt = fixedBytes("dealt", 32);
  const at20 = place(20, 12_345);
  const cohort = [0, 1, 2, 4, 7, 8];
  const context = protocol.roundContext(RUN_ID, 9, dealt, at20, cohort);
  const { askHash, transcript, ...numbers } = at20;
  const seed = fixedBytes("mask-seed", 32);
  return [
    vector(
      "attempt/context",
      STATEMENTS,
      {
        runId: RUN_ID,
        rosterCount: 9,
        dealt: hex(dealt),
        ...numbers,
        askHash: hex(askHash),
        transcript: hex(transcript),
        cohort,
      },
      { context: hex(context) },
    ),
    vector(
      "attempt/mask-keys",
      "Bonawitz et al., CCS 2017, §4, round 2; NIST SP 800-56C",
      { seed: hex(seed), context: hex(context), owner: 7, peer: 2 },
      {
        self: hex(protocol.selfMaskKey(seed, context, 7)),
        pair: hex(protocol.pairMaskKey(seed, context, 7, 2)),
      },
    ),
  ];
}

/** Masks begin in the middle of a cipher block too; vectors hold every bit pattern at their edges. */
function rings(bits: number): Vector[] {
  const key = fixedBytes("mask-key", 32);
  const top = 2 ** bits - 1;
  const values = [
    0,
    1,
    top,
    top - 1,
    2 ** (bits - 1),
    ...maskElements(fixedBytes("values", 32), bits, 6),
  ];
  return [
    vector(
      `mask/${bits}-bits`,
      "Bonawitz et al., CCS 2017, §4, round 2; NIST SP 800-38A, §6.5",
      { key: hex(key), bits, from: 1003, count: 9 },
      { elements: maskElements(key, bits, 9), elementsFrom: maskElements(key, bits, 9, 1003) },
    ),
    vector(
      `pack/${bits}-bits`,
      "shared/secagg/ring.ts: one little-endian number to the base 2^bits",
      { bits, values },
      { packed: hex(packed(values, bits)) },
    ),
  ];
}

function statements(): Vector[] {
  const context = fixedBytes("context", 32);
  const survivors = [0, 2, 3];
  const roots = survivors.map((index) => fixedBytes(`root ${index}`, 32));
  const inclusion = protocol.inclusionHash(9, context, survivors, roots);
  const shares = fixedBytes("revealed", 96);
  const seed = fixedBytes("told", 32);
  const { dimension: _, ringBits: __, ...opened } = place(16, 1);
  const resultHash = sha256(utf8("result"));
  const macKeys = survivors.map((to) => fixedBytes(`mac key 0 to ${to}`, 32));
  const confirm = protocol.confirmStatement(inclusion, 0);
  return [
    vector(
      "attempt/statements",
      STATEMENTS,
      {
        rosterCount: 9,
        context: hex(context),
        survivors,
        roots: hex(join(...roots)),
        index: 3,
        seed: hex(seed),
        shares: hex(shares),
      },
      {
        inclusion: hex(inclusion),
        masked: hex(protocol.maskedStatement(context, 3, at(roots, 2))),
        confirm: hex(protocol.confirmStatement(inclusion, 3)),
        shares: hex(protocol.sharesStatement(inclusion, 3, seed, shares)),
        prekeysHash: hex(protocol.prekeysHash(context, 3, shares)),
        prekeys: hex(protocol.prekeysStatement(inclusion)),
      },
    ),
    vector(
      "certificate/macs",
      "Bonawitz et al., CCS 2017, §4, round 3, with MACs; RFC 2104",
      { inclusion: hex(inclusion), from: 0, survivors, macKeys: macKeys.map(hex) },
      { confirmation: hex(join(...macKeys.slice(1).map((key) => shortMac(key, confirm)))) },
    ),
    vector(
      "transcript/heads",
      TRANSCRIPT,
      { runId: RUN_ID, inclusion: hex(inclusion), resultHash: hex(resultHash) },
      {
        first: hex(protocol.firstHead(RUN_ID)),
        second: hex(protocol.nextHead(protocol.firstHead(RUN_ID), inclusion, resultHash)),
      },
    ),
    vector(
      "transcript/statements",
      TRANSCRIPT,
      {
        runId: RUN_ID,
        round: opened.round,
        attempt: opened.attempt,
        askHash: hex(opened.askHash),
        head: hex(opened.transcript),
        inclusion: hex(inclusion),
      },
      {
        roundOpened: hex(protocol.roundOpenedStatement(RUN_ID, opened)),
        included: hex(protocol.includedStatement(RUN_ID, opened.attempt, inclusion)),
      },
    ),
  ];
}

export function sumVectors(): Vector[] {
  return [
    ...graphs(),
    batchVector({
      id: "batch/complete",
      rosterCount: 9,
      members: [0, 1, 2, 4, 5, 7, 8],
      degree: 8,
      committee: 0,
    }),
    batchVector({
      id: "batch/regular",
      rosterCount: 100,
      members: upTo(100).filter((i) => i % 10 < 7),
      degree: 32,
      committee: 0,
    }),
    batchVector({
      id: "batch/committee",
      rosterCount: 400,
      members: upTo(400).filter((i) => i % 23 !== 0),
      degree: 74,
      committee: 327,
    }),
    ...contexts(),
    ...WIDTHS.flatMap(rings),
    ...statements(),
  ];
}
