/** What agents' wires carry in whole runs, without noise and with it: no cell of a table, no contribution without mask. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadDataset } from "../../agent/data/dataset.ts";
import { encodeContribution } from "../../agent/gate/encode.ts";
import type { EncodedData, PartitionedData } from "../../models/data.ts";
import { contextOf } from "../../models/tasks/context.ts";
import { taskFor } from "../../models/tasks/registry.ts";
import type { ReleaseShape } from "../../models/tasks/task.ts";
import { wireFormat } from "../../models/tasks/wire.ts";
import { utf8 } from "../../shared/base/bytes.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import type { Manifest } from "../../shared/charter/manifest.ts";
import { signedMax, toRing } from "../../shared/privacy/encoding/ring.ts";
import { toGrid } from "../../shared/privacy/mechanism/grid.ts";
import { encode } from "../../shared/protocol/codec.ts";
import { Session } from "../../shared/protocol/session.ts";
import { packRing, type RingBits } from "../../shared/secagg/ring.ts";
import { memberIds, mixedTable, smallCharter } from "../support/charters.ts";
import { type RecordedAsk, type RecordedRoom, recordedRoom } from "../support/recorded-room.ts";
import {
  cellSecrets,
  findLeaks,
  looksUniform,
  ringSecrets,
  type Secret,
  valueSecrets,
} from "./leaks.ts";

const ROWS = 120;
const members = memberIds(3);
const charter = smallCharter(members);
const tables = new Map(members.map((memberId) => [memberId, mixedTable(memberId, ROWS)]));
const table = tables.get("bank-1") ?? "";
const folder = mkdtempSync(join(tmpdir(), "cloister-bytes-"));
let room: RecordedRoom;
let runs: readonly Recorded[] = [];

interface Recorded {
  readonly runId: string;
  readonly manifest: Manifest;
}

const common = {
  kind: "train",
  model: { hidden: [8] },
  scaling: "bounds",
  evaluation: { everyRounds: null, bins: 16 },
};
const unnoised = { kind: "fedAvg", rounds: 3, batchSize: 16, learningRate: 0.05 };
/** Every unit takes part in every round, so that its contribution can be computed again. */
const noised = { kind: "dpSgd", rounds: 3, samplingProbability: 1, clipNorm: 1, learningRate: 0.1 };
const ASKS = 4; // Three rounds and the evaluation.

beforeAll(async () => {
  room = await recordedRoom(folder, charter, tables);
  runs = [
    await room.run({ task: { ...common, strategy: unnoised }, privacy: "none" }),
    await room.run({ task: { ...common, strategy: noised }, privacy: { epsilon: 2 } }),
  ];
});

afterAll(async () => {
  await room.close();
  rmSync(folder, { recursive: true, force: true });
});

async function dataOf(memberId: string): Promise<PartitionedData> {
  const partition = { holdoutFraction: charter.holdoutFraction, holdoutSalt: charter.room };
  return (await loadDataset(room.dataPath(memberId), charter.schema, partition)).data;
}

interface Bare {
  readonly contribution: Float64Array;
  /** Neither noised nor masked. */
  readonly ring: Uint32Array;
  readonly bits: RingBits;
  readonly shape: ReleaseShape;
  readonly attempt: number;
}

/** A member's contributions before noise and mask, computed again with the run's own seeds. */
function bareContributions(memberId: string, run: Recorded, data: PartitionedData): Bare[] {
  const context = contextOf(charter, run.manifest);
  const task = taskFor(run.manifest.task);
  const seed = run.manifest.task.kind === "train" ? run.manifest.task.model.seed : run.runId;
  return room.asksOf(memberId, run.runId).map(({ attempt, kind, input }: RecordedAsk) => {
    const rng = (use: string) => reproducibleRng(`${seed}/${memberId}/${attempt}/${use}`);
    const shape = task.shapeOf(context, kind);
    const contribution = task.contribute(context, { kind, input }, data, rng("work"));
    const { release } = shape;
    const { manifest, runId } = run;
    const params = { shape, manifest, runId, attempt };
    const ring =
      release.kind === "noised"
        ? toRing(toGrid(contribution, release.sensitivity, signedMax(32)), 32)
        : encodeContribution(contribution, params, new UniformSource(rng("rounding")));
    const { ringBits: bits } = wireFormat(shape, manifest);
    return { contribution, ring, bits, shape, attempt };
  });
}

const rowSecrets = (what: string, { numbers, codes }: EncodedData): Secret[] => [
  ...valueSecrets(`${what} numbers`, numbers),
  ...valueSecrets(`${what} codes`, codes),
];

async function secretsOf(memberId: string): Promise<Secret[]> {
  const data = await dataOf(memberId);
  const bare = runs.flatMap((run) => bareContributions(memberId, run, data));
  return [
    ...cellSecrets(tables.get(memberId) ?? ""),
    ...rowSecrets("train", data.train),
    ...rowSecrets("holdout", data.holdout),
    ...bare.flatMap(({ contribution }, i) => valueSecrets(`contribution ${i}`, contribution)),
    ...bare.flatMap(({ ring, bits }, i) => ringSecrets(`contribution ${i}`, ring, bits)),
  ];
}

test("no byte that an agent sends in whole runs holds cells or a bare contribution", async () => {
  for (const memberId of members) {
    for (const { runId } of runs) expect(room.asksOf(memberId, runId)).toHaveLength(ASKS);
    const secrets = await secretsOf(memberId);
    for (const kind of ["row 7,", "row 99,", "column label", "train numbers", "contribution 7"])
      expect(secrets.some(({ what }) => what.startsWith(kind))).toBe(true);
    const sent = room.sentBy(memberId);
    expect(room.vectorsBy(memberId)).toHaveLength(2 * ASKS);
    for (const vector of room.vectorsBy(memberId))
      expect(Buffer.concat(sent).includes(Buffer.from(vector.subarray(0, 1000)))).toBe(true);
    expect(findLeaks(sent, secrets)).toEqual([]);
  }
});

test("all vectors that leave are as uniform as their masks; noised ones without mask are not", async () => {
  for (const memberId of members) {
    for (const vector of room.vectorsBy(memberId)) expect(looksUniform(vector)).toBe(true);
  }
  const [, run] = runs;
  if (!run) throw new Error("no run with noise");
  const unmasked = bareContributions("bank-1", run, await dataOf("bank-1")).map(
    ({ contribution, shape, bits, attempt }) => {
      const { manifest, runId } = run;
      const params = { shape, manifest, runId, attempt };
      const source = new UniformSource(reproducibleRng("noise"));
      return packRing(encodeContribution(contribution, params, source), bits);
    },
  );
  for (const vector of unmasked) expect(looksUniform(vector)).toBe(false);
});

const ofBank1 = cellSecrets(table);
/** Cells of the half of the table whose cells are short. */
const records = table
  .trim()
  .split("\n")
  .slice(1)
  .map((line) => line.split(","));
const short = records[99] ?? [];
const [customer = "", amount = "", hour = "", channel = ""] = short;
const column = (index: number): number[] =>
  records.slice(ROWS / 2).map((cells) => Number(cells[index]));

function float64BigEndian(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(8 * values.length);
  for (const [i, value] of values.entries()) bytes.writeDoubleBE(value, 8 * i);
  return bytes;
}

test.each<[string, Uint8Array]>([
  ["a long cell in a message", encode({ type: "x", reason: `bad value ${records[3]?.[1]}` })],
  ["a row of short cells as CSV", utf8(short.join(","))],
  ["cells in a log line", utf8(`customer ${customer} at ${hour}: ${amount};${hour};${channel}`)],
  ["a row as JSON", utf8(JSON.stringify({ cells: short }))],
  [
    "a row as JSON numbers",
    utf8(JSON.stringify([customer, Number(amount), Number(hour), channel])),
  ],
  ["a row in a message", encode({ type: "x", cells: short })],
  [
    "a row with its numbers in a message",
    encode([customer, Number(amount), Number(hour), channel]),
  ],
  ["two numbers as float32", new Uint8Array(Float32Array.of(Number(amount), Number(hour)).buffer)],
  ["a column as float32", new Uint8Array(Float32Array.from(column(1)).buffer)],
  ["a column as float64, big-endian", float64BigEndian(column(2))],
  ["a column as int32", new Uint8Array(Int32Array.from(column(1)).buffer)],
  ["a column as int16", new Uint8Array(Uint16Array.from(column(1)).buffer)],
  ["a column as bytes", Uint8Array.from(column(2))],
  ["the labels as bytes", Uint8Array.from(column(4))],
  ["the labels as text", utf8(column(4).join(""))],
])("the same search finds %s", async (_, leaked) => {
  const frame = new Session("planted").sendControl(leaked);
  expect(findLeaks([...room.sentBy("bank-1"), frame], ofBank1)).not.toEqual([]);
});

test("the same search finds encoded rows and contributions in whatever form they are kept", async () => {
  const secrets = await secretsOf("bank-1");
  const { train } = await dataOf("bank-1");
  const bare = runs.flatMap((run) => bareContributions("bank-1", run, { train, holdout: train }));
  const forms = bare.flatMap(({ contribution, ring, bits }) => [
    new Uint8Array(Float32Array.from(contribution).buffer),
    new Uint8Array(Float64Array.from(contribution).buffer),
    packRing(ring, bits),
  ]);
  const rows = new Uint8Array(train.numbers.slice(20, 26).buffer);
  const codes = new Uint8Array(Float64Array.from(train.codes.slice(0, 40)).buffer);
  for (const form of [rows, codes, ...forms.slice(0, 9)]) {
    const frames = new Session("planted").sendVector(form);
    expect(findLeaks([...room.sentBy("bank-1"), ...frames], secrets)).not.toEqual([]);
  }
});
