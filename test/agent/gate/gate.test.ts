/** Nothing leaves the gate unless the ledger was debited first, once per attempt. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Gate } from "../../../agent/gate/gate.ts";
import { type Account, openAccount } from "../../../agent/ledger/account.ts";
import type { Ledger } from "../../../agent/ledger/ledger.ts";
import type { EncodedData } from "../../../models/data.ts";
import { contextOf } from "../../../models/tasks/context.ts";
import { taskFor } from "../../../models/tasks/registry.ts";
import { reproducibleRng } from "../../../shared/base/reproducible.ts";
import { type Charter, charterHash } from "../../../shared/charter/charter.ts";
import type { Manifest } from "../../../shared/charter/manifest.ts";
import type { Mask } from "../../../shared/secagg/masks.ts";
import { memberIds, smallCharter } from "../../support/charters.ts";
import { PRIVACY, questionOf, signedManifest } from "../../support/manifests.ts";
import { fileLedger, TERMS } from "../ledger/ledgers.ts";

const RUN = "ab".repeat(32);
const MASKS: Mask[] = [1, 2, 3].map((byte) => ({ key: new Uint8Array(32).fill(byte), sign: 1 }));
let folder = "";
let ledgers: Ledger[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gate-"));
});
afterEach(() => {
  for (const ledger of ledgers) ledger.close();
  ledgers = [];
  rmSync(folder, { recursive: true });
});

/** Ten customers of two rows: two numbers and one category each. */
function table(): EncodedData {
  const rowCount = 20;
  return {
    rowCount,
    numbers: Float32Array.from({ length: 2 * rowCount }, (_, i) => ((i * 7) % 19) / 10 - 0.9),
    codes: Uint16Array.from({ length: rowCount }, (_, i) => i % 3),
    labels: Uint8Array.from({ length: rowCount }, (_, i) => i % 2),
    unitStarts: Uint32Array.from({ length: rowCount / 2 + 1 }, (_, i) => 2 * i),
  };
}

interface Opened {
  readonly gate: Gate;
  readonly ledger: Account;
  readonly manifest: Manifest;
  readonly input: Float32Array;
}

function opened(
  charter: Charter = smallCharter(memberIds(3)),
  changes: Partial<Manifest> = {},
): Opened {
  const file = fileLedger(join(folder, "ledger.db"));
  ledgers.push(file);
  const { budget } = charter.privacy;
  const ledger = openAccount(file, { ...TERMS, budget, charterHash: charterHash(charter) });
  const data = { train: table(), holdout: table() };
  const gate = new Gate({
    charter,
    memberId: "bank-1",
    data,
    ledger,
    rng: reproducibleRng("gate"),
  });
  const manifest = signedManifest(charter, changes);
  const context = contextOf(charter, manifest);
  const task = taskFor(manifest.task);
  const input = task.nextAsk(context, task.begin(context))?.input ?? new Float32Array();
  return { gate, ledger, manifest, input };
}

test("a gradient leaves once it is paid for, packed and of the announced length", () => {
  const { gate, ledger, manifest, input } = opened();
  expect(gate.assess(questionOf(manifest, RUN))).toEqual([]);
  expect(ledger.epsilonSpent()).toBe(0);
  gate.work(0, "gradient", input);
  expect(ledger.epsilonSpent()).toBe(0);
  const sealed = gate.seal(0, 0, MASKS);
  const shape = taskFor(manifest.task).shapeOf(
    contextOf(smallCharter(memberIds(3)), manifest),
    "gradient",
  );
  expect("vector" in sealed && sealed.vector.length).toBe(4 * shape.dimension);
  expect(ledger.epsilonSpent()).toBeGreaterThan(0);
});

test("what will compute a model is told of a run that is taken up, by its noise, and of no other", () => {
  const { gate, manifest } = opened();
  expect(gate.engine(RUN)).toBeNull();
  expect(gate.assess(questionOf(manifest, RUN))).toEqual([]);
  expect(gate.engine(RUN)).toBe("wasm-relaxed-simd");
  expect(gate.engine("cd".repeat(32))).toBeNull();
  const exact = opened(undefined, { privacy: null });
  expect(exact.gate.assess(questionOf(exact.manifest, RUN))).toEqual([]);
  expect(exact.gate.engine(RUN)).toBe("wasm-simd");
});

test("under dp a gradient is packed into fewer bits, once it is paid for", () => {
  const { gate, ledger, manifest, input } = opened(undefined, {
    encoding: { profile: "dp", ringBits: 20 },
  });
  expect(gate.assess(questionOf(manifest, RUN))).toEqual([]);
  gate.work(0, "gradient", input);
  const sealed = gate.seal(0, 0, MASKS);
  const shape = taskFor(manifest.task).shapeOf(
    contextOf(smallCharter(memberIds(3)), manifest),
    "gradient",
  );
  expect("vector" in sealed && sealed.vector.length).toBe(Math.ceil((20 * shape.dimension) / 8));
  expect(ledger.epsilonSpent()).toBeGreaterThan(0);
});

test("an attempt is answered once: not again, not after a restart, and nothing is charged twice", () => {
  const { gate, ledger, manifest, input } = opened();
  gate.assess(questionOf(manifest, RUN));
  gate.work(0, "gradient", input);
  expect(gate.seal(0, 0, MASKS)).toHaveProperty("vector");
  const spent = ledger.epsilonSpent();
  expect(gate.seal(0, 0, MASKS)).toEqual({ refused: "wrongAttempt" });
  gate.work(0, "gradient", input);
  expect(gate.seal(0, 0, MASKS)).toEqual({ refused: "alreadyAnswered" });
  const restarted = opened();
  restarted.gate.assess(questionOf(manifest, RUN));
  restarted.gate.work(0, "gradient", input);
  expect(restarted.gate.seal(0, 0, MASKS)).toEqual({ refused: "alreadyAnswered" });
  expect(restarted.ledger.epsilonSpent()).toBe(spent);
});

test("an attempt without a guarantee is answered once as well", () => {
  const { gate, ledger, manifest, input } = opened(undefined, { privacy: null });
  gate.assess(questionOf(manifest, RUN));
  gate.work(3, "gradient", input);
  expect(gate.seal(0, 3, MASKS)).toHaveProperty("vector");
  gate.work(3, "gradient", input);
  expect(gate.seal(0, 3, MASKS)).toEqual({ refused: "alreadyAnswered" });
  expect(ledger.epsilonSpent()).toBe(0);
});

test("the last round that was answered is known after a restart, and only of its run", () => {
  const { gate, ledger, manifest, input } = opened(undefined, { privacy: null });
  gate.assess(questionOf(manifest, RUN));
  expect(ledger.lastRound(RUN)).toBe(-1);
  for (const [attempt, round] of [2, 5, 3].entries()) {
    gate.work(attempt, "gradient", input);
    expect(gate.seal(round, attempt, MASKS)).toHaveProperty("vector");
  }
  gate.work(9, "gradient", input);
  expect(gate.seal(8, 9, MASKS.slice(1))).toEqual({ refused: "wrongAttempt" }); // Not answered.
  expect(opened().ledger.lastRound(RUN)).toBe(5);
  expect(ledger.lastRound("cd".repeat(32))).toBe(-1);
});

test("another attempt than the one worked for, or fewer than three masks, open nothing and cost nothing", () => {
  const { gate, ledger, manifest, input } = opened();
  expect(gate.seal(0, 0, MASKS)).toEqual({ refused: "wrongAttempt" });
  gate.assess(questionOf(manifest, RUN));
  gate.work(0, "gradient", input);
  expect(gate.seal(0, 1, MASKS)).toEqual({ refused: "wrongAttempt" });
  expect(gate.seal(0, 0, MASKS)).toEqual({ refused: "wrongAttempt" });
  gate.work(0, "gradient", input);
  expect(gate.seal(0, 0, MASKS.slice(1))).toEqual({ refused: "wrongAttempt" });
  expect(ledger.epsilonSpent()).toBe(0);
});

test("rounds are answered until the budget is spent, and none after", () => {
  const { gate, ledger, manifest, input } = opened(undefined, {
    privacy: { ...PRIVACY, epsilon: 2, trainMultiplier: 3 },
  });
  expect(gate.assess(questionOf(manifest, RUN))).toEqual([]);
  const answers: string[] = [];
  for (let attempt = 0; attempt < 40; attempt++) {
    gate.work(attempt, "gradient", input);
    const sealed = gate.seal(0, attempt, MASKS);
    answers.push("refused" in sealed ? sealed.refused : "sealed");
  }
  const paid = answers.indexOf("budgetSpent");
  expect(paid).toBeGreaterThan(0);
  expect(new Set(answers.slice(0, paid))).toEqual(new Set(["sealed"]));
  expect(new Set(answers.slice(paid))).toEqual(new Set(["budgetSpent"]));
  expect(ledger.epsilonSpent()).toBeLessThanOrEqual(3);
});

test("without a budget nothing that needs one leaves", () => {
  const { gate, manifest, input } = opened(smallCharter(memberIds(3), { budget: null }), {
    privacy: PRIVACY,
  });
  expect(gate.assess(questionOf(manifest, RUN)).map(({ code }) => code)).toContain(
    "budgetTooSmall",
  );
  expect(() => gate.work(0, "gradient", input)).toThrow("before a run");
});

test("a run that cannot be paid to its end, or a table of the wrong size, is declined before any work", () => {
  const codes = (charter: Charter, changes: Partial<Manifest> = {}): string[] => {
    const { gate, manifest } = opened(charter, changes);
    return gate.assess(questionOf(manifest, RUN)).map(({ code }) => code);
  };
  const charter = smallCharter(memberIds(3));
  expect(codes(charter, { privacy: { ...PRIVACY, epsilon: 99, trainMultiplier: 0.3 } })).toEqual([
    "budgetTooSmall",
  ]);
  expect(codes(charter, { encoding: { profile: "compact" } })).toEqual(["encodingUnusable"]);
  expect(codes({ ...charter, minimums: { members: 3, rows: 41 } })).toEqual(["tooFewRows"]);
  expect(codes({ ...charter, rowsMax: 39 })).toEqual(["tooManyRows"]);
});

test("an ask is answered as often as the run's plan has it, with some retries, and then no more", () => {
  const { gate, manifest } = opened(smallCharter(memberIds(3)), {
    task: { kind: "probe", dimension: 4, rounds: 5 },
    privacy: null,
  });
  expect(gate.assess(questionOf(manifest, RUN))).toEqual([]);
  const answer = (attempt: number): string => {
    gate.work(attempt, "zeros", new Float32Array());
    const sealed = gate.seal(0, attempt, MASKS);
    return "refused" in sealed ? sealed.refused : "sealed";
  };
  for (let attempt = 0; attempt < 25; attempt++) expect(answer(attempt)).toBe("sealed");
  expect(answer(25)).toBe("planExceeded");
});
