/** The agent's side of a matching passes bodies on in order, a few at a time, and leaves when its gate or its people say so. */
import { expect, test } from "vitest";
import type { FromGate, ToGate } from "../../agent/gate/messages.ts";
import { MatchSession } from "../../agent/match-session.ts";
import type { MemberEvent } from "../../agent/member-events.ts";
import { toHex } from "../../shared/base/bytes.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import type { AgentMessage } from "../../shared/protocol/messages.ts";
import { entryStatement, firstHead } from "../../shared/transcript/chain.ts";
import { LONE_CHARTER } from "../support/lone-member.ts";
import { identityOf } from "../support/manifests.ts";

const runId = "ab".repeat(32);
const coordinator = identityOf("coordinator");
const body = (...bytes: number[]): Uint8Array => Uint8Array.of(...bytes);
const said = (...bodies: Uint8Array[]): FromGate => ({
  type: "matchSaid",
  bodies,
  done: bodies.length,
  total: 9,
});

function session() {
  const asked: { message: ToGate; answer: (reply: FromGate) => void }[] = [];
  const sent: AgentMessage[] = [];
  const events: MemberEvent[] = [];
  const over: string[] = [];
  const never = (): never => {
    throw new Error("not asked of a matching");
  };
  const vault = {
    endRun: (id: string, why: string) => void over.push(`${id} ${why}`),
    record: () => undefined,
  };
  const own = new MatchSession({
    memberId: "bank-1",
    charter: LONE_CHARTER,
    identity: identityOf("bank-1"),
    coordinatorKey: toHex(coordinator.publicKey),
    vault: vault as never,
    clock: { nowMs: never },
    policy: never,
    gate: (message, answer) => void asked.push({ message, answer }),
    rng: reproducibleRng("session"),
    kem: null,
    send: (message) => void sent.push(message),
    report: (event) => void events.push(event),
  });
  const hear = (...bytes: number[]): void =>
    own.hear({ type: "matching", runId, body: body(...bytes) });
  const end = (by = coordinator): void => {
    const head = firstHead(runId);
    const at = { runId, round: 0, attempt: 0 };
    const askHash = new Uint8Array(32);
    const signature = by.sign(entryStatement({ kind: "roundOpened", ...at, askHash, head }));
    own.ended({ type: "runEnded", ...at, outcome: "completed", head, last: null, signature });
  };
  return { own, asked, sent, events, over, hear, end };
}

test("bodies go to the gate in order, together where it is at work, and its answers out", () => {
  const { own, asked, sent, events, hear } = session();
  own.begin(runId);
  hear(1);
  hear(2);
  expect(asked.map(({ message }) => message)).toEqual([{ type: "matchBegin", runId }]);
  asked[0]?.answer(said(body(7)));
  expect(asked[1]?.message).toEqual({ type: "matchHear", runId, bodies: [body(1), body(2)] });
  for (let i = 0; i < 40; i++) hear(3);
  asked[1]?.answer(said(body(8), body(9)));
  expect(asked[2]?.message).toMatchObject({ bodies: { length: 32 } });
  expect(sent).toEqual([7, 8, 9].map((n) => ({ type: "matching", runId, body: body(n) })));
  expect(events.map(({ type }) => type)).toEqual(["joined", "matching", "matching"]);
});

test("messages of another run are not passed on", () => {
  const { own, asked } = session();
  own.hear({ type: "matching", runId, body: body(1) });
  own.begin(runId);
  asked[0]?.answer(said());
  own.hear({ type: "matching", runId: "0".repeat(64), body: body(1) });
  expect(asked).toHaveLength(1);
});

const declined = (code: string) => [
  { type: "runDeclined", runId, reasons: [{ code, message: expect.any(String) }] },
];

test("a refusal of the gate, its failure, or a veto is told, and the gate forgets", () => {
  const ways: [string, (at: ReturnType<typeof session>) => void][] = [
    [
      "alreadyAnswered",
      ({ asked }) => asked[0]?.answer({ type: "refused", code: "alreadyAnswered" }),
    ],
    [
      "gate.crashed",
      ({ asked }) =>
        asked[0]?.answer({ type: "failed", code: "gate.crashed", message: "/home/x", exitCode: 1 }),
    ],
    ["vetoed", ({ own }) => own.vetoed(runId)],
  ];
  for (const [code, leave] of ways) {
    const at = session();
    at.own.begin(runId);
    leave(at);
    expect(at.sent).toEqual(declined(code));
    expect(JSON.stringify(at.sent)).not.toContain("/home");
    expect(at.events.at(-1)).toEqual({ type: "withdrawn", runId, code });
    expect(at.asked.at(-1)?.message).toMatchObject({ type: "matchHear", runId });
    at.asked[0]?.answer(said(body(7))); // Late.
    at.hear(1);
    expect(at.sent).toHaveLength(1);
  }
});

test("a signed end is kept as one; another is the coordinator's fault, and as final", () => {
  for (const [by, ends, types] of [
    [coordinator, "ended", ["ended"]],
    [identityOf("bank-2"), "left", ["fault", "ended"]],
  ] as const) {
    const { own, asked, events, over, end } = session();
    end(by);
    expect(over).toEqual([]);
    own.begin(runId);
    asked[0]?.answer(said());
    events.length = 0;
    end(by);
    expect(over).toEqual([`${runId} ${ends}`]);
    expect(events.map(({ type }) => type)).toEqual(types);
    expect(asked.at(-1)?.message).toMatchObject({ type: "matchHear" });
  }
});
