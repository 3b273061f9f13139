/** What a run says of its privacy: the numbers are those of the accountants, the words those of its settings. */
import { expect, test } from "vitest";
import type { RunEvent } from "../../coordinator/run/events.ts";
import { answersOf } from "../../coordinator/run/statement.ts";
import { privacyStatement, statementLines } from "../../models/privacy-statement.ts";
import { type AskCounts, releasesOf, releasesOnce } from "../../models/tasks/privacy-events.ts";
import type { Manifest } from "../../shared/charter/manifest.ts";
import { TaskSpec } from "../../shared/charter/task-spec.ts";
import { sampledGaussian } from "../../shared/privacy/accounting/events.ts";
import { groupEvent } from "../../shared/privacy/accounting/group.ts";
import { pldAccountant } from "../../shared/privacy/accounting/pld/accountant.ts";
import { rdpAccountant } from "../../shared/privacy/accounting/rdp.ts";
import { memberIds, smallCharter } from "../support/charters.ts";
import { PRIVACY, signedManifest } from "../support/manifests.ts";

const charter = smallCharter(memberIds(5));
const placed = (noisePlacement: "distributed" | "local" | "central"): Manifest =>
  signedManifest(charter, { privacy: { ...PRIVACY, noisePlacement } });

test("ε is the larger partition's, by the tightest accountant, over what was answered", () => {
  const { guarantee } = privacyStatement(charter, placed("distributed"), {
    byKind: new Map([
      ["gradient", 7],
      ["evaluate", 2],
    ]),
    unknown: 0,
  });
  if (!guarantee) throw new Error("the run is noised");
  const [train, holdout] = guarantee.partitions;
  const trained = { kind: "selfComposed", event: sampledGaussian(0.5, 5), count: 7 } as const;
  expect(train?.epsilonPld).toBe(pldAccountant().compose(trained).getEpsilon(1e-5));
  expect(train?.epsilonRdp).toBe(rdpAccountant().compose(trained).getEpsilon(1e-5));
  expect(train?.epsilonPld).toBeLessThan(train?.epsilonRdp ?? 0);
  expect([train?.releases, holdout?.releases]).toEqual([7, 2]);
  expect(guarantee.epsilon).toBe(Math.max(train?.epsilonPld ?? 0, holdout?.epsilonPld ?? 0));
});

test("who is at several members is told a bound for all of one run's releases, whichever side a record is on", () => {
  const { guarantee } = privacyStatement(charter, placed("distributed"));
  if (!guarantee) throw new Error("the run is noised");
  const [train, holdout] = guarantee.partitions;
  if (!train || !holdout) throw new Error("both sides are asked");
  for (const { members, epsilon } of guarantee.acrossMembers) {
    let all = pldAccountant();
    for (const { event, releases: count } of [train, holdout])
      all = all.compose({ kind: "selfComposed", event: groupEvent(event, members), count });
    const exact = all.getEpsilon(guarantee.delta);
    expect(epsilon).toBeGreaterThanOrEqual(exact * (1 - 1e-4));
    expect(epsilon).toBeLessThan(exact * (1 + 6e-3));
  }
  expect(guarantee.acrossMembers.map(({ members }) => members)).toEqual([2, 5]);
  const [two] = guarantee.acrossMembers;
  const told = statementLines(privacyStatement(charter, placed("distributed"))).join("\n");
  expect(told).toContain(`at most: ε = ${two?.epsilon?.toFixed(4)} with 2, ε = `);
});

test("a release that all units pay for is one release", () => {
  const statistic = { kind: "count" } as const;
  const manifest = { ...placed("distributed"), task: { kind: "query", statistic } as const };
  const asked = { ...manifest, task: TaskSpec.parse(manifest.task) };
  const open = { ...charter, tasks: ["query" as const] };
  const [once, ...more] = releasesOnce(open, asked);
  expect(more).toEqual([]);
  expect(releasesOf(open, asked).map(({ event, count }) => ({ event, count }))).toEqual([
    once,
    once,
  ]);
});

test("without counts it speaks of the plan", () => {
  const { guarantee } = privacyStatement(charter, placed("local"));
  expect(guarantee?.partitions.map(({ releases }) => releases)).toEqual([2, 1]);
});

test("who is trusted follows from who adds the noise", () => {
  const words = (placement: "distributed" | "local" | "central"): string =>
    statementLines(privacyStatement(charter, placed(placement))).join("\n");
  expect(words("distributed")).toContain("at most 1 member colludes");
  expect(words("distributed")).not.toContain("exact sums");
  expect(words("local")).not.toContain("collude");
  expect(words("central")).toContain("the coordinator: it sees exact sums");
});

test("a run without noise claims nothing, and says what its sums may tell", () => {
  const statement = privacyStatement(charter, signedManifest(charter, { privacy: null }));
  expect(statement.guarantee).toBeNull();
  const words = statementLines(statement).join("\n");
  expect(words).toContain("No differential privacy");
  expect(words).toContain("a record may be learnt");
  expect(words).not.toContain("ε");
});

test("attempts that failed count as answered, as any kind where their round never ended", () => {
  const at = { runId: "ab".repeat(32), atMs: 0 };
  const released = (round: number, askKind: string): RunEvent =>
    ({ ...at, type: "roundReleased", round, askKind }) as unknown as RunEvent;
  const aborted = (round: number): RunEvent => ({
    ...at,
    type: "attemptAborted",
    round,
    attempt: 0,
    reason: "deadline",
  });
  const log = [
    released(0, "moments"),
    aborted(1),
    released(1, "gradient"),
    released(2, "gradient"),
  ];
  const counted = { moments: 1, gradient: 3 };
  const asPlain = ({ byKind, unknown }: AskCounts) => ({ ...Object.fromEntries(byKind), unknown });
  expect(asPlain(answersOf(log, "train"))).toEqual({ ...counted, unknown: 0 });
  const evaluated = answersOf([...log, aborted(3), released(3, "evaluate")], "train");
  expect(asPlain(evaluated)).toEqual({ ...counted, evaluate: 2, unknown: 0 });
  const unended = answersOf([...log, aborted(3)], "train");
  expect(asPlain(unended)).toEqual({ ...counted, unknown: 1 });
  const releases = releasesOf(charter, placed("distributed"), unended);
  expect(releases.map(({ partition, count }) => [partition, count])).toEqual([
    ["train", 4],
    ["holdout", 1],
  ]);
});
