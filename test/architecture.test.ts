/** The architecture's rules hold, and each check catches a violation planted for it. */
import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { z } from "zod";
import { AgentHandshake } from "../shared/protocol/handshake.ts";
import { AgentMessage } from "../shared/protocol/messages.ts";
import {
  directionFaults,
  fileFaults,
  importCycles,
  noiseFaults,
  oneDoorFaults,
  purityFaults,
  randomnessFaults,
  type Sources,
  seedFaults,
} from "./support/architecture.ts";
import { messageFields } from "./support/architecture-messages.ts";

const ROOT = new URL("..", import.meta.url).pathname;
const sources: Sources = new Map(
  globSync("{shared,models,agent,coordinator,bin,test}/**/*.ts", { cwd: ROOT })
    .sort()
    .map((path) => [path, readFileSync(`${ROOT}${path}`, "utf8")]),
);

const HEADER = "/** A file. Pure. */\n";
const EDGE = "/** EDGE: a file. */\n";
/** The repository with files replaced or added; `+` appends to what is there. */
function planted(...files: readonly (readonly [path: string, source: string])[]): Sources {
  const changed = new Map(sources);
  for (const [path, source] of files) {
    changed.set(path, source.startsWith("+") ? `${sources.get(path)}\n${source.slice(1)}` : source);
  }
  return changed;
}

test("the repository is seen: both sides, the models and the tests", () => {
  expect(sources.size).toBeGreaterThan(80);
  for (const path of ["agent/gate/gate.ts", "coordinator/run/run.ts"])
    expect(sources.has(path)).toBe(true);
});

test("imports go one way: shared, models, then agent and coordinator", () => {
  expect(directionFaults(sources)).toEqual([]);
});

test.each([
  ["shared/base/x.ts", 'import { x } from "../../models/optimizer.ts";'],
  ["models/x.ts", 'import type { x } from "../agent/member.ts";'],
  ["models/x.ts", 'import { Session } from "../shared/protocol/session.ts";'],
  ["agent/x.ts", 'import {\n  Store,\n} from "../coordinator/store.ts";'],
  ["coordinator/x.ts", 'export { Gate } from "../agent/gate/gate.ts";'],
  ["coordinator/x.ts", 'const x = await import("../test/support/charters.ts");'],
  ["shared/x.ts", 'import "../bin/main.ts";'],
])("an import against the direction is caught in %s: %s", (path, statement) => {
  expect(directionFaults(planted([path, HEADER + statement]))).toHaveLength(1);
});

test("no imports go in a circle", () => {
  expect(importCycles(sources)).toEqual([]);
});

test("a circle of imports is caught", () => {
  const a = ["shared/a.ts", `${HEADER}import { b } from "./b.ts";`] as const;
  const b = ["shared/b.ts", `${HEADER}import { a } from "./a.ts";`] as const;
  expect(importCycles(planted(a, b))).toEqual(["shared/a.ts → shared/b.ts → shared/a.ts"]);
});

test("only files marked EDGE touch the outside world", () => {
  expect(purityFaults(sources)).toEqual([]);
});

test.each([
  'import { readFileSync } from "node:fs";',
  'import { WebSocket } from "ws";',
  'import type { Command } from "commander";',
  'import Papa from "papaparse";',
  "const t = Date.now();",
  "const t = new Date();",
  "const e = process.env;",
  `const t = \`at \${performance.now()}\`;`,
  "setTimeout(() => 1, 2);",
  "console.log(1);",
])("in a file that is not EDGE this is caught: %s", (line) => {
  expect(purityFaults(planted(["shared/x.ts", `${HEADER}${line}\n`]))).toHaveLength(1);
  expect(purityFaults(planted(["shared/x.ts", `${EDGE}${line}\n`]))).toEqual([]);
});

test("crypto code computes and does not draw", () => {
  const draw = 'import { createHash, randomInt } from "node:crypto";';
  expect(purityFaults(planted(["shared/crypto/x.ts", HEADER + draw]))).toHaveLength(1);
});

test("all randomness comes from one file", () => {
  expect(randomnessFaults(sources)).toEqual([]);
});

test.each([
  ["models/x.ts", "const x = Math.random();"],
  ["test/x.ts", "const x = Math.random();"],
  ["agent/x.ts", 'import { randomBytes } from "node:crypto";'],
  ["agent/x.ts", 'import { randomFillSync as fill } from "node:crypto";'],
  ["agent/x.ts", 'import { generateKeyPairSync } from "node:crypto";'],
  ["agent/x.ts", 'import * as c from "node:crypto";'],
  ["agent/x.ts", "crypto.getRandomValues(x);"],
])("another source of randomness is caught in %s: %s", (path, line) => {
  expect(randomnessFaults(planted([path, EDGE + line])).length).toBeGreaterThan(0);
});

test("seeded generators are where nothing is protected, and nowhere else", () => {
  expect(seedFaults(sources)).toEqual([]);
});

test.each([
  ["agent/gate/gate.ts", '+import { reproducibleRng } from "../../shared/base/reproducible.ts";'],
  ["coordinator/x.ts", 'import { reproducibleRng } from "../shared/base/reproducible.ts";'],
  ["shared/privacy/noise/x.ts", 'import { reproducibleRng } from "../../base/reproducible.ts";'],
  ["bin/x.ts", 'import { reproducibleRng } from "../shared/base/reproducible.ts";'],
])("a seeded generator is caught in %s", (path, source) => {
  const line = source.startsWith("+") ? source : HEADER + source;
  expect(seedFaults(planted([path, line]))).toHaveLength(1);
});

test("a simulation's sums are its own: neither side of a room can reach them", () => {
  const reach = 'import { openedSum } from "../bin/simulate/sum.ts";';
  for (const path of ["agent/x.ts", "coordinator/x.ts", "models/x.ts"])
    expect(directionFaults(planted([path, HEADER + reach]))).toHaveLength(1);
});

test("noise is drawn from whole numbers", () => {
  expect(noiseFaults(sources)).toEqual([]);
});

test.each([
  ["shared/privacy/noise/x.ts", "const x = Math.log(u);"],
  ["shared/privacy/noise/x.ts", "const x = r * Math . cos(u);"],
  ["shared/privacy/noise/x.ts", "const { exp } = Math;"],
  ["shared/privacy/noise/gaussian.ts", "+const x = source.unit();"],
  ["shared/privacy/noise/scalar.ts", "+const x = u ** 0.5;"],
  ["shared/privacy/mechanism/grid.ts", "+steps[0] += source.normal();"],
  ["agent/gate/encode.ts", "+const draw = source.normal;"],
])("noise from floating-point numbers is caught in %s: %s", (path, source) => {
  const line = source.startsWith("+") ? source : HEADER + source;
  expect(noiseFaults(planted([path, line]))).toHaveLength(1);
});

test("records live behind one door", () => {
  expect(oneDoorFaults(sources)).toEqual([]);
});

test.each([
  [
    "agent/member.ts",
    '+import { loadDataset } from "./data/dataset.ts";',
    "agent/member.ts reaches",
  ],
  ["agent/link.ts", '+import { Gate } from "./gate/gate.ts";', "agent/link.ts reaches"],
  [
    "agent/gate/host.ts",
    '+import { Ledger } from "../ledger/ledger.ts";',
    "agent/agent.ts reaches",
  ],
  ["agent/ledger/store.ts", '+import { WebSocket } from "ws";', "reaches ws"],
  ["agent/data/csv.ts", '+import { request } from "node:https";', "reaches node:https"],
  ["agent/gate/worker.ts", '+import { Link } from "../link.ts";', "reaches agent/link.ts"],
  ["models/engine/plain.ts", '+fetch("https://example.org");', "plain.ts uses fetch("],
  ["agent/data/dataset.ts", "+console.log(row);", "dataset.ts uses console"],
  ["agent/gate/gate.ts", "+process.stdout.write(row);", "gate.ts uses process.stdout"],
  ["agent/member.ts", "+new Worker(url);", "starts a thread"],
  ["agent/gate/gate.ts", "+parentPort?.postMessage(row);", "speaks for the gate"],
  ["agent/gate/worker.ts", "+parentPort?.postMessage(row);", "posts in 2 places"],
  ["agent/member.ts", "+const shared = new SharedArrayBuffer(8);", "opens another door"],
])("a second door is caught in %s: %s", (path, source, fault) => {
  expect(oneDoorFaults(planted([path, source])).join("\n")).toContain(fault);
});

test.each([
  [
    "agent/member.ts",
    '+import { sampleOf } from "./preview/sample.ts";',
    "agent/agent.ts reaches agent/preview/sample.ts",
  ],
  [
    "agent/gate/worker.ts",
    '+import { sampleOf } from "../preview/sample.ts";',
    "worker.ts imports",
  ],
  ["agent/cli.ts", '+import { sampleOf } from "./preview/sample.ts";', "agent/cli.ts imports"],
  ["bin/x.ts", `${EDGE}import { x } from "../agent/preview/command.ts";`, "bin/x.ts imports"],
  ["agent/preview/command.ts", '+import { Link } from "../link.ts";', "reaches agent/link.ts"],
  ["agent/preview/sample.ts", '+import { connect } from "node:net";', "reaches node:net"],
  ["agent/preview/sample.ts", "+fetch(url);", "sample.ts uses fetch("],
  ["agent/preview/command.ts", "+process.stdout.write(numbers);", "command.ts uses process.stdout"],
  ["agent/preview/command.ts", "+writeFileSync(path, numbers);", "command.ts writes"],
])("real numbers that would leave a preview are caught in %s: %s", (path, source, fault) => {
  expect(oneDoorFaults(planted([path, source])).join("\n")).toContain(fault);
});

test.each([
  ["coordinator/x.ts", `${EDGE}new Worker(url);`, "x.ts starts a thread"],
  [
    "shared/edge/x.ts",
    `${EDGE}import { Worker as W } from "node:worker_threads";`,
    "starts a thread",
  ],
  ["shared/edge/mask-threads.ts", "+new Worker(url);", "mask-threads.ts starts a thread"],
  [
    "shared/edge/mask-threads.ts",
    '+new Worker(new URL("../../agent/gate/worker.ts", import.meta.url));',
    "mask-threads.ts starts a thread",
  ],
  ["agent/gate/host.ts", '+new Worker(new URL("./gate.ts", import.meta.url));', "starts a thread"],
  ["shared/edge/os.ts", "+parentPort?.on('message', read);", "speaks for"],
  ["shared/edge/mask-worker.ts", "+parentPort?.postMessage(keys);", "posts in 2 places"],
  ["agent/gate/match-threads.ts", "+new Worker(url);", "match-threads.ts starts a thread"],
  ["agent/gate/match-worker.ts", "+parentPort?.postMessage(key);", "posts in 2 places"],
  ["shared/edge/x.ts", `${EDGE}new BroadcastChannel("x");`, "opens another door"],
])("another thread, or another voice of one, is caught in %s: %s", (path, source, fault) => {
  expect(oneDoorFaults(planted([path, source])).join("\n")).toContain(fault);
});

test.each([
  [
    "shared/edge/mask-worker.ts",
    '+import { Gate } from "../../agent/gate/gate.ts";',
    "gate/gate.ts",
  ],
  ["shared/edge/mask-worker.ts", '+import { osRng } from "./os.ts";', "shared/edge/os.ts"],
  ["shared/edge/mask-worker.ts", '+import { WebSocket } from "ws";', "reaches ws"],
  ["shared/secagg/masks.ts", '+import { x } from "../../agent/data/dataset.ts";', "agent/data/"],
  [
    "shared/secagg/kernel/wasm.ts",
    '+import { x } from "../../../models/data.ts";',
    "models/data.ts",
  ],
  ["shared/secagg/kernel/plain.ts", '+import { connect } from "node:net";', "reaches node:net"],
  ["shared/secagg/kernel/plain.ts", "+fetch(url);", "plain.ts uses fetch("],
  ["shared/edge/mask-worker.ts", "+console.log(keys);", "mask-worker.ts uses console"],
  ["agent/gate/match-worker.ts", '+import { Gate } from "./gate.ts";', "gate/gate.ts"],
  ["agent/gate/match-worker.ts", '+import { WebSocket } from "ws";', "reaches ws"],
  ["shared/matching/work.ts", '+import { x } from "../../models/data.ts";', "models/data.ts"],
  ["shared/matching/curve.ts", "+console.log(points);", "curve.ts uses console"],
])("a mask thread that holds more than masks is caught in %s: %s", (path, source, fault) => {
  expect(oneDoorFaults(planted([path, source])).join("\n")).toContain(fault);
});

test("every file is short and says what it is", () => {
  expect(fileFaults(sources)).toEqual([]);
  expect(fileFaults(new Map([["shared/x.ts", "export const x = 1;\n"]]))).toHaveLength(1);
  expect(fileFaults(new Map([["shared/x.ts", HEADER + "x;\n".repeat(300)]]))).toHaveLength(1);
});

/** Everything that an agent can ever say. A new line here is a decision about privacy. */
const AGENT_SAYS = [
  "channelSecrets.nonce: bytes",
  "channelSecrets.runId: string",
  "channelSecrets.secrets[].ciphertext: bytes",
  "channelSecrets.secrets[].tag: bytes",
  "channelSecrets.secrets[].to: int",
  "confirmed.attempt: int",
  "confirmed.confirmation: bytes",
  "confirmed.runId: string",
  "headCosigned.signature: bytes",
  "headCosigned.size: int",
  "masked.attempt: int",
  "masked.runId: string",
  "masked.signature: bytes",
  "masked.vector.byteLength: int",
  "masked.vector.sha256: bytes",
  // Sealed points, and at the end bare ones that all members have masked: see shared/matching/messages.ts.
  "matching.body: bytes",
  "matching.runId: string",
  "prekeys.batch: int",
  "prekeys.entries: bytes",
  "prekeys.nonce: bytes",
  "prekeys.runId: string",
  "prekeys.signature: bytes",
  "ready.attempt: int",
  "ready.holds: bytes",
  "ready.runId: string",
  "roomHeld.size: int",
  "runDecided.atMs: int",
  "runDecided.decision: enum",
  "runDecided.reasons[].code: string",
  "runDecided.reasons[].message: string",
  "runDecided.runId: string",
  "runDecided.signature: bytes",
  "runDeclined.reasons[].code: string",
  "runDeclined.reasons[].message: string",
  "runDeclined.runId: string",
  "runJoined.channelKey: bytes",
  // Of the machine and the run's public plan.
  "runJoined.engine?: enum",
  "runJoined.kemKey: bytes",
  "runJoined.nonceRoot: bytes",
  "runJoined.runId: string",
  "runJoined.signature: bytes",
  "shares.attempt: int",
  "shares.of: bytes",
  "shares.runId: string",
  // Of a mask that others' masks still cover.
  "shares.seed: bytes",
  "shares.shares: bytes",
  "shares.signature: bytes",
  "withdrawn.attempt: int",
  "withdrawn.reason.code: string",
  "withdrawn.reason.message: string",
  "withdrawn.runId: string",
];
const AGENT_SAYS_FIRST = [
  "accept.signature: bytes",
  "auth.memberId: string",
  "auth.nonce: bytes",
  "auth.resume?.received: int",
  "auth.resume?.sessionId: string",
  "auth.room: string",
  "auth.signature: bytes",
  "auth.version: int",
  "enrol.identityKey: bytes",
  "enrol.nonce: bytes",
  "enrol.token: string",
  "enrol.version: int",
];

test("an agent can say exactly what is listed, and no list of numbers", () => {
  expect(messageFields(AgentMessage)).toEqual(AGENT_SAYS);
  expect(messageFields(AgentHandshake)).toEqual(AGENT_SAYS_FIRST);
});

test("a fraction, a list of numbers and an open object are told apart from what is allowed", () => {
  const type = z.literal("x");
  const fields = (schema: z.ZodType): string[] => messageFields(schema);
  expect(fields(z.strictObject({ type, loss: z.number() }))).toEqual(["x.loss: float"]);
  expect(fields(z.strictObject({ type, rows: z.array(z.number()) }))).toEqual(["x.rows[]: float"]);
  expect(fields(z.object({ type }))).toEqual(["x: open"]);
  expect(fields(z.strictObject({ type, more: z.unknown() }))).toEqual(["x.more: unknown"]);
});
