/** What an agent says and hears in a round beside vectors: the table of docs/secure-aggregation.md, and the bound of 20 KiB. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { BATCH_ATTEMPTS } from "../../coordinator/run/batches.ts";
import { concatBytes } from "../../shared/base/bytes.ts";
import type { AttemptParams } from "../../shared/secagg/attempt.ts";
import { type Batch, openBatch } from "../../shared/secagg/batch.ts";
import { bundleFor } from "../../shared/secagg/coordinator-batch.ts";
import { playAttempt } from "../support/attempt.ts";
import { memberIds, smallCharter } from "../support/charters.ts";
import { batchOf, dealGroup, handOut, pick, unsafeGroup, unsafeSecret } from "../support/group.ts";
import { signedManifest } from "../support/manifests.ts";
import { PATIENCE } from "../support/secagg.ts";
import {
  batchMessages,
  beginning,
  bytesOf,
  cosignatures,
  opening,
  roundOfHistory,
  saidBy,
  toldTo,
} from "../support/wire-bytes.ts";

/** Numbers of three bytes, as in a long run. */
const FIRST_ATTEMPT = 1600;
const RUN_ID = "ab".repeat(32);
const HASH = unsafeSecret("hash");

/** One attempt in which all survive: its messages of one member, as both halves make them. */
function roundBytes(memberCount: number, member: number): number {
  const group = unsafeGroup(memberCount, `control ${memberCount}`, { runId: RUN_ID });
  const dealt = dealGroup(group, batchOf(group, { number: 100, firstAttempt: FIRST_ATTEMPT }));
  const { prekeys, agents } = handOut(group, dealt, dealt.dealings);
  const params: AttemptParams = {
    sum: group.sum,
    prekeys,
    place: {
      ...{ round: 1500, attempt: FIRST_ATTEMPT, askHash: HASH, transcript: HASH },
      ...{ dimension: 4, ringBits: 24 },
    },
    patience: PATIENCE,
    certified: null,
    identity: group.coordinator,
  };
  const members = group.members.map((self) => ({ self, batch: pick(agents, self.index) }));
  const vectors = members.map(() => new Uint32Array(params.place.dimension));
  const { stages, effects, outcome } = playAttempt({ params, members }, vectors, []);
  expect(outcome?.type).toBe("released");
  // What the batch is reckoned with below has the sizes that were really dealt.
  const [, prekeysSent, handedOut] = batchMessages(group.sum, dealt.batch, member);
  const { dealers, hashes, shares } = bundleFor(prekeys, member);
  expect(prekeysSent).toMatchObject({
    entries: { length: pick(dealt.sent, member).entries.length },
  });
  expect(handedOut).toMatchObject({
    hashes: { length: concatBytes(...hashes).length },
    shares: { length: shares.length },
  });
  expect(dealers).toHaveLength(memberCount);
  const said = stages
    .flatMap(({ events }) => events)
    .flatMap((event) => ("from" in event && event.from === member ? saidBy(params, event) : []));
  const told = effects.flatMap((effect) => toldTo(params, effect, member));
  const round = [opening(params), ...told, ...said];
  expect(round.map(({ type }) => type).sort()).toEqual([
    ...["certified", "committed", "confirmed", "included", "masked"],
    ...["ready", "roundOpened", "shares"],
  ]);
  return bytesOf(round);
}

interface Costs {
  readonly round: number;
  readonly history: number;
  readonly beginning: number;
  readonly batch: (attempts: number) => number;
}

function costsOf(memberCount: number): Costs {
  const member = Math.floor(memberCount / 2);
  const { sum } = unsafeGroup(memberCount, "sizes", { runId: RUN_ID });
  const members = [...sum.roster.keys()];
  const batchWith = (count: number): Batch =>
    openBatch(sum, { number: 100, firstAttempt: FIRST_ATTEMPT, count, members }, []);
  const ids = memberIds(memberCount);
  const manifest = signedManifest(smallCharter(ids), {
    task: { kind: "probe", dimension: 1, rounds: 100 },
    privacy: null,
  });
  const cosigning = bytesOf(cosignatures(ids)) / Math.max(1, memberCount / 10);
  return {
    round: roundBytes(memberCount, member),
    history: bytesOf(roundOfHistory(ids, RUN_ID)) + cosigning,
    beginning: bytesOf(beginning(manifest, sum, member)),
    batch: (attempts) => bytesOf(batchMessages(sum, batchWith(attempts), member)),
  };
}

/** A round of a run of so many, all that the run takes divided among them. */
function perRound({ round, history, beginning: begun, batch }: Costs, rounds: number): number {
  const whole = Math.floor(rounds / BATCH_ATTEMPTS);
  const rest = rounds % BATCH_ATTEMPTS;
  const dealt = whole * batch(BATCH_ATTEMPTS) + (rest > 0 ? batch(rest) : 0);
  return round + history + (begun + dealt) / rounds;
}

const kib = (bytes: number): string => (bytes / 1024).toFixed(1);
const page = readFileSync(new URL("../../docs/secure-aggregation.md", import.meta.url), "utf8");

test.each([
  10, 30, 100,
])("the page's row for %i members is what its messages come to", (memberCount) => {
  const costs = costsOf(memberCount);
  const { round, history, batch } = costs;
  const steady = round + history + batch(BATCH_ATTEMPTS) / BATCH_ATTEMPTS;
  const parts = [round, batch(BATCH_ATTEMPTS) / BATCH_ATTEMPTS, history, steady, costs.beginning];
  const runs = [1, 16, 100].map((rounds) => perRound(costs, rounds));
  expect(page).toContain(`| ${[memberCount, ...[...parts, ...runs].map(kib)].join(" | ")} |`);
  expect(steady).toBeLessThanOrEqual(20 * 1024);
  expect(perRound(costs, 100)).toBeLessThanOrEqual(20 * 1024);
});
