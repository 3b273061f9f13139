/** A matching at the coordinator: members are offered it, what they say is carried, and every end is logged with its reason. */
import { expect, test } from "vitest";
import { MatchRun } from "../../coordinator/match-run.ts";
import type { RunEvent } from "../../coordinator/run-events.ts";
import type { LiveEvent } from "../../coordinator/run-ports.ts";
import { matchTask } from "../../models/tasks/match.ts";
import { Charter } from "../../shared/charter/charter.ts";
import { runIdOf } from "../../shared/charter/manifest.ts";
import { matchParams } from "../../shared/charter/match-params.ts";
import { TaskSpec } from "../../shared/charter/task-spec.ts";
import { osRng } from "../../shared/edge/os.ts";
import { MatchMember, type MemberEffect } from "../../shared/matching/member.ts";
import { RelayMatchMessage } from "../../shared/matching/messages.ts";
import { matchSet } from "../../shared/matching/set.ts";
import { workOn } from "../../shared/matching/work.ts";
import { decode, encode } from "../../shared/protocol/codec.ts";
import type { AgentMessage, CoordinatorMessage } from "../../shared/protocol/messages.ts";
import { isSignedEntry } from "../../shared/transcript/chain.ts";
import { memberIds, smallCharter } from "../support/charters.ts";
import { identityOf, signedManifest } from "../support/manifests.ts";
import { plainCounts } from "../support/matching.ts";

const IDS = memberIds(3);
const base = smallCharter(IDS);
const charter = Charter.parse({
  ...base,
  schema: { ...base.schema, identifiers: [{ name: "mail", type: "email" }] },
  columns: { mail: { join: true } },
  tasks: ["match"],
});
const task = TaskSpec.parse({ kind: "match", column: "mail", setSize: 1030 });
const manifest = signedManifest(charter, { task, privacy: null });
const runId = runIdOf(manifest);
const match = matchParams(manifest, charter, runId);
const SETS = [
  ["a@x.de", "b@x.de", "c@x.de"],
  ["b@x.de", "c@x.de", "d@x.de"],
  ["c@x.de", "e@x.de", "a@x.de"],
];
const patience = { workMs: 20_000, stepMs: 3000, graceMs: 100 };

/** @param log Left out: a run that begins. */
function room(log: readonly RunEvent[] = []) {
  const clock = { now: 5, nowMs: () => clock.now };
  const sent: { to: string; message: CoordinatorMessage }[] = [];
  const events: RunEvent[] = [];
  const watched: (RunEvent | LiveEvent)[] = [];
  let state: Uint8Array | null = null;
  const params = { runId, manifest, charter, decisions: [], identity: identityOf("coordinator") };
  const ports = {
    clock,
    rng: osRng,
    send: (ids: readonly string[], message: CoordinatorMessage) =>
      void sent.push(...ids.map((to) => ({ to, message }))),
    isConnected: () => true,
    append: (event: RunEvent, after?: Uint8Array) => {
      events.push(event);
      state = after ?? state;
    },
    openSpool: () => {
      throw new Error("no vector is sent");
    },
    expand: () => undefined,
    watch: (event: RunEvent | LiveEvent) => void watched.push(event),
  };
  const run = new MatchRun({ ...params, patience, startMs: 1000 }, ports, log);
  const say = (from: string, message: AgentMessage): void =>
    run.deliver(from, { message: message as never, vector: new Uint8Array() });
  const matching = (from: string, message: object): void =>
    say(from, { type: "matching", runId, body: encode(message) });
  const end = () => events.at(-1);
  return { run, clock, sent, events, watched, say, matching, end, state: () => state };
}

type Room = ReturnType<typeof room>;

/** Members that do their work at once. @param until Stops after so many messages to them. */
function play({ sent, matching }: Room, until = Number.POSITIVE_INFINITY): number {
  const members = SETS.map((set, index) => {
    const params = { match, index, identity: identityOf(IDS[index] ?? ""), rng: osRng };
    return new MatchMember(params, matchSet(match, index, set, osRng));
  });
  const obey = (index: number, effects: readonly MemberEffect[]): void => {
    const member = members[index];
    for (const effect of effects) {
      if (effect.type === "send") matching(IDS[index] ?? "", effect.message);
      else if (member && !member.isOver) obey(index, member.worked(workOn(effect.job, member.key)));
    }
  };
  for (const [index, member] of members.entries()) obey(index, member.begin());
  let heard = 0;
  for (const { to, message } of sent) {
    if (message.type !== "matching") continue;
    if (heard++ >= until) break;
    const decoded = decode(RelayMatchMessage, message.body, 64 * 1024);
    if (!decoded.ok) throw new Error(decoded.code);
    const index = IDS.indexOf(to);
    obey(index, members[index]?.hear(decoded.message) ?? []);
  }
  return heard;
}

test("it is offered to all, carried, counted, and its end is logged before anybody hears of it", () => {
  const opened = room();
  expect(opened.sent.map(({ to, message }) => [to, message.type])).toEqual(
    IDS.map((id) => [id, "runOffered"]),
  );
  play(opened);
  const { run, sent, events, watched, state } = opened;
  expect(run.status).toBe("completed");
  expect(events.map(({ type }) => type)).toEqual(["created", "begun", "completed"]);
  const context = { spec: task as never, schema: charter.schema, noise: null, rowsMax: 1 };
  const stored = matchTask.decodeState({ ...context, memberCount: 3 }, state() ?? new Uint8Array());
  expect(stored).toEqual({ counts: plainCounts(SETS) });
  expect(watched.filter(({ type }) => type === "joined")).toHaveLength(3);
  const bodies = sent.flatMap(({ message }) => (message.type === "matching" ? message.body : []));
  expect(Math.max(...bodies.map(({ length }) => length))).toBeLessThan(34_000);
  const { to, message } = sent.at(-1) ?? {};
  expect(to).toBe("bank-3");
  if (message?.type !== "runEnded") throw new Error("the end is told last");
  const entry = { ...message, kind: "roundOpened", askHash: new Uint8Array(32) } as const;
  expect(isSignedEntry(identityOf("coordinator").publicKey, entry)).toBe(true);
});

const failure = (reason: string) => ({ type: "failed", runId, reason });
const LEFT = failure("the matching ended early: memberLeft (bank-2)");

test("a member that is away may come back in its session; for too long, or in a new one, is the end", () => {
  for (const how of ["backInTime", "late", "anew"] as const) {
    const opened = room();
    play(opened, 5);
    const { run, clock, end } = opened;
    run.disconnected("bank-2");
    clock.now += patience.stepMs - 1;
    run.tick();
    expect(run.status).toBe("running");
    if (how !== "late") run.connected("bank-2", how === "backInTime");
    clock.now += patience.stepMs;
    run.tick();
    expect(run.status).toBe(how === "backInTime" ? "running" : "failed");
    if (how !== "backInTime") expect(end()).toMatchObject(LEFT);
  }
});

test("silence is the end, with the name of who is awaited", () => {
  const { run, clock, end } = room();
  clock.now += 10 * 60_000;
  run.tick();
  expect(end()).toMatchObject(failure("the matching ended early: timedOut (bank-1)"));
});

test("a member that declines ends it, in its words; whoever comes late is offered it before", () => {
  const { run, sent, say, end } = room();
  run.connected("bank-3", false);
  expect(sent.at(-1)).toMatchObject({ to: "bank-3", message: { type: "runOffered" } });
  const reasons = [{ code: "columnNotAKey", message: "not by this column" }];
  say("bank-3", { type: "runDeclined", runId, reasons });
  expect(end()).toMatchObject(failure("bank-3 declines: not by this column (columnNotAKey)"));
});

test("a restart in the middle is the end, and says so", () => {
  const first = room();
  play(first, 5);
  const { run, sent, events } = room(first.events);
  expect(run.status).toBe("failed");
  expect(events).toMatchObject([{ type: "failed", reason: expect.stringContaining("restarted") }]);
  expect(sent.map(({ message }) => message.type)).toEqual(IDS.map(() => "runEnded"));
});

test("who cancels ends it once; messages of no matching, or of none, are rejected", () => {
  const { run, sent, say, end, events } = room();
  const code = () => {
    const message = sent.at(-1)?.message;
    return message?.type === "rejected" ? message.code : null;
  };
  say("bank-1", { type: "matching", runId: "0".repeat(64), body: new Uint8Array() });
  expect(code()).toBe("wrongRun");
  say("bank-1", { type: "matching", runId, body: Uint8Array.of(0xc1) });
  expect(code()).toBe("malformed");
  say("bank-1", { type: "matching", runId, body: encode({ type: "matchReady" }) });
  expect(code()).toBe("unknownMessage");
  say("bank-1", { type: "ready", runId, attempt: 0, holds: new Uint8Array() });
  expect(code()).toBe("wrongTask");
  run.cancel();
  run.cancel();
  expect(end()).toMatchObject(failure("cancelled"));
  expect(events.filter(({ type }) => type === "failed")).toHaveLength(1);
});
