/** Questions with exact sums at the gate: what one answer and the next tell together is refused by the member alone. */
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Gate } from "../../../agent/gate/gate.ts";
import { keptIn } from "../../../agent/gate/kept.ts";
import { pastQuestionsIn } from "../../../agent/gate/past-questions.ts";
import { openAccount } from "../../../agent/ledger/account.ts";
import type { EncodedData } from "../../../models/data.ts";
import { reproducibleRng } from "../../../shared/base/reproducible.ts";
import { Charter, charterHash } from "../../../shared/charter/charter.ts";
import { type Manifest, runIdOf } from "../../../shared/charter/manifest.ts";
import { TaskSpec } from "../../../shared/charter/task-spec.ts";
import { memberIds, smallCharter } from "../../support/charters.ts";
import { questionOf, signedManifest } from "../../support/manifests.ts";
import { fileLedger, TERMS } from "../ledger/ledgers.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cloister-questions-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const small = smallCharter(memberIds(3));
const CHARTER = Charter.parse({
  ...small,
  tasks: ["query"],
  columns: { amount: { group: true } },
  privacy: { ...small.privacy, unnoisedRuns: "allowed" },
});
const MASKS = Array.from({ length: 3 }, (_, i) => ({
  key: new Uint8Array(32).fill(i + 1),
  sign: 1 as const,
}));

/** Amounts from −1 to 1 on the encoded scale, one row a unit. */
function table(rowCount: number): EncodedData {
  const { features } = CHARTER.schema;
  const numberCount = features.filter(({ type }) => type === "number").length;
  const numbers = Float32Array.from(
    { length: rowCount * numberCount },
    (_, i) => (2 * Math.floor(i / numberCount)) / (rowCount - 1) - 1,
  );
  const codes = new Uint16Array(rowCount * (features.length - numberCount));
  const unitStarts = Uint32Array.from({ length: rowCount + 1 }, (_, i) => i);
  return { rowCount, numbers, codes, labels: new Uint8Array(rowCount), unitStarts };
}

function opened(rowCount = 41): Gate {
  const ledger = openAccount(fileLedger(join(folder, "ledger.db")), {
    ...TERMS,
    budget: CHARTER.privacy.budget,
    charterHash: charterHash(CHARTER),
  });
  const data = { train: table(rowCount), holdout: table(11) };
  const rng = reproducibleRng("gate");
  return new Gate({ charter: CHARTER, memberId: "bank-1", data, ledger, rng, ...keptIn(folder) });
}

function asking(where: object[]): Manifest {
  const task = TaskSpec.parse({ kind: "query", where, statistic: { kind: "count" } });
  return signedManifest(CHARTER, { task, privacy: null });
}

const codes = (gate: Gate, manifest: Manifest): string[] =>
  gate.assess(questionOf(manifest)).map(({ code }) => code);

const amount = CHARTER.schema.features.find(({ type }) => type === "number");
if (amount?.type !== "number") throw new Error("the charter has a number");
const { name, min, max } = amount;

test("the answer to all but one customer is refused after the answer to all, also by the next process", () => {
  const gate = opened();
  const everybody = asking([]);
  expect(codes(gate, everybody)).toEqual([]);
  gate.work(0, "query", new Float32Array(0));
  expect(gate.seal(0, 0, MASKS)).toHaveProperty("vector");
  const butTheLargest = asking([{ column: name, is: "<", value: max }]);
  expect(codes(gate, butTheLargest)).toEqual(["isolatesFew"]);
  expect(codes(opened(), butTheLargest)).toEqual(["isolatesFew"]);
  const half = asking([{ column: name, is: "<", value: (min + max) / 2 }]);
  expect(codes(gate, half)).toEqual([]);
  expect(codes(gate, everybody), "the same again tells nothing new").toEqual([]);
  expect(runIdOf(half)).not.toBe(runIdOf(everybody));
});

test("what was only proposed, and never answered, stands in nobody's way", () => {
  const gate = opened();
  expect(codes(gate, asking([]))).toEqual([]);
  expect(codes(gate, asking([{ column: name, is: "<", value: max }]))).toEqual([]);
});

test("what was computed for one question does not leave as another's, which would be noted in its stead", () => {
  const gate = opened();
  expect(codes(gate, asking([]))).toEqual([]);
  gate.work(0, "query", new Float32Array(0));
  expect(codes(gate, asking([{ column: name, is: "<", value: (min + max) / 2 }]))).toEqual([]);
  expect(gate.seal(0, 0, MASKS)).toEqual({ refused: "wrongAttempt" });
});

test("a line that broke off as the process ended is left out, and the next one is whole; others are damage", () => {
  const path = join(folder, "questions.jsonl");
  const [first, second] = [asking([]), asking([{ column: name, is: "<", value: max }])];
  const lines = [first, second].map((manifest) => ({
    runId: runIdOf(manifest),
    task: manifest.task,
  }));
  const [one, other] = lines;
  if (!one || !other) throw new Error("there are two");
  pastQuestionsIn(path).add(one);
  appendFileSync(path, JSON.stringify(other).slice(0, 40));
  const reopened = pastQuestionsIn(path);
  expect(reopened.list()).toEqual([one]);
  reopened.add(other);
  expect(pastQuestionsIn(path).list()).toEqual(lines);
  writeFileSync(path, lines.map((line) => JSON.stringify(line)).join("\n"));
  pastQuestionsIn(path).add(one);
  expect(pastQuestionsIn(path).list(), "an editor took the last line's end").toEqual([
    ...lines,
    one,
  ]);
  writeFileSync(path, `{}\n${JSON.stringify(one)}\n`);
  expect(() => pastQuestionsIn(path)).toThrow("line 1 is not a question");
});

test("of a table that has grown by few customers the same question is refused, in the same run too", () => {
  const everybody = asking([]);
  const gate = opened();
  expect(codes(gate, everybody)).toEqual([]);
  gate.work(0, "query", new Float32Array(0));
  expect(gate.seal(0, 0, MASKS)).toHaveProperty("vector");
  expect(codes(opened(43), everybody)).toEqual(["isolatesFew"]);
  expect(codes(opened(43), { ...everybody, nonce: "12".repeat(16) })).toEqual(["isolatesFew"]);
  const grown = opened(46);
  expect(codes(grown, everybody)).toEqual([]);
  grown.work(1, "query", new Float32Array(0));
  expect(grown.seal(1, 1, MASKS)).toHaveProperty("vector");
  expect(codes(opened(46), everybody)).toEqual([]);
  expect(codes(opened(48), everybody), "seven more than first, two more than then").toEqual([
    "isolatesFew",
  ]);
});

test("of a table that has grown by few customers another question about the same ones is refused, one about others is not", () => {
  const gate = opened();
  expect(codes(gate, asking([]))).toEqual([]);
  gate.work(0, "query", new Float32Array(0));
  expect(gate.seal(0, 0, MASKS)).toHaveProperty("vector");
  const everybodyElsewise = asking([{ column: name, is: ">=", value: min }]);
  const half = asking([{ column: name, is: "<", value: (min + max) / 2 }]);
  expect(codes(opened(), everybodyElsewise)).toEqual([]);
  expect(codes(opened(43), everybodyElsewise)).toEqual(["isolatesFew"]);
  expect(codes(opened(43), half)).toEqual([]);
  expect(codes(opened(46), everybodyElsewise)).toEqual([]);
});

test("of an answer that was written off nobody knows on which table: the question is closed, in other words too", () => {
  const everybody = asking([]);
  const lost = { runId: "ab".repeat(32), task: everybody.task };
  pastQuestionsIn(join(folder, "questions.jsonl")).add(lost);
  const gate = opened();
  expect(codes(gate, everybody)).toEqual(["isolatesFew"]);
  expect(codes(gate, asking([{ column: name, is: ">=", value: min }]))).toEqual(["isolatesFew"]);
  expect(codes(gate, asking([{ column: name, is: "<", value: (min + max) / 2 }]))).toEqual([]);
});
