/** Tests of what waits until a member's own past was held against its ledger: `agent/catch-up.ts`. */
import { expect, test } from "vitest";
import { CatchUp, type CatchUpPorts } from "../../agent/catch-up.ts";

const told = (code: string) =>
  ({ message: { type: "rejected", code }, vector: new Uint8Array() }) as const;

function setting() {
  const answers = [{ runId: "a", attempts: [1] }];
  const copy = { size: 0, takeAnswers: () => answers.splice(0) };
  const heard: string[] = [];
  const recalls: { count: number; known: () => void }[] = [];
  const ports: CatchUpPorts = {
    copy,
    recall: ({ length: count }, known) => recalls.push({ count, known }),
    deliver: ({ message }) => heard.push("code" in message ? message.code : message.type),
  };
  return { catchUp: new CatchUp(ports), copy, answers, heard, recalls };
}

test("what the coordinator says waits for the whole history, and for the ledger's word on it", () => {
  const { catchUp, copy, heard, recalls, answers } = setting();
  catchUp.begin();
  catchUp.deliver(told("one"));
  copy.size = 3;
  catchUp.extended(5);
  expect(recalls).toEqual([]);
  copy.size = 5;
  catchUp.extended(5);
  catchUp.deliver(told("two"));
  expect(heard).toEqual([]);
  expect(recalls.map(({ count }) => count)).toEqual([1]);
  recalls[0]?.known();
  catchUp.deliver(told("three"));
  expect(heard).toEqual(["one", "two", "three"]);
  // From then on it is asked for what is new, and nothing waits for that.
  catchUp.extended(5);
  expect(recalls.length).toBe(1);
  answers.push({ runId: "a", attempts: [2] });
  catchUp.extended(5);
  expect(recalls.length).toBe(2);
  catchUp.deliver(told("four"));
  expect(heard.at(-1)).toBe("four");
});

test("what waits takes little room: no vector, which is for members that have joined a run", () => {
  const { catchUp, heard, recalls } = setting();
  catchUp.begin();
  catchUp.deliver({ ...told("large"), vector: new Uint8Array(1) });
  for (let i = 0; i < 2000; i++) catchUp.deliver(told("small"));
  catchUp.extended(0);
  recalls[0]?.known();
  expect(heard.length).toBe(1000);
  expect(heard).not.toContain("large");
});

test("a new session begins anew: the ledger's word in the last one opens nothing", () => {
  const { catchUp, heard, recalls } = setting();
  catchUp.begin();
  catchUp.extended(0);
  catchUp.deliver(told("void"));
  catchUp.begin();
  catchUp.deliver(told("one"));
  recalls[0]?.known();
  expect(heard).toEqual([]);
  catchUp.extended(0);
  recalls[1]?.known();
  expect(heard).toEqual(["one"]);
});
