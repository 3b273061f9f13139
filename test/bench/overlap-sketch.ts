/**
 * EDGE: overlap by sketches: five members of a million addresses each, ε = 1, through the product's task and wire. How far
 * overlaps are off, what a member sends, and how fast a table is sketched. Takes half a minute.
 */
import type { Answer, Estimate } from "../../models/answers/answer.ts";
import type { EncodedData, PartitionedData } from "../../models/data.ts";
import { newMemory } from "../../models/tasks/member-memory.ts";
import { overlapTask } from "../../models/tasks/overlap/overlap.ts";
import type { OverlapContext } from "../../models/tasks/overlap/values.ts";
import { wireFormat } from "../../models/tasks/wire.ts";
import { DataSchema } from "../../shared/charter/schema.ts";
import { TaskSpec } from "../../shared/charter/task-spec.ts";
import { osRng } from "../../shared/edge/os.ts";
import { gaussianSigma } from "../../shared/privacy/accounting/gaussian.ts";
import { noiseInflation } from "../../shared/privacy/mechanism/noise-share.ts";
import { enrolled, PRIVACY } from "../support/manifests.ts";
import { secureSum } from "../support/secure-sum.ts";
import type { BenchResult } from "./format.ts";

const MEMBERS = 5;
const SIZE = 1_000_000;
/** What all have; the rest is each one's own. Well above zero, below which no overlap is told. */
const COMMON = 200_000;
const TRIALS = 4;
const [EPSILON, DELTA] = [1, 1e-6];
const COHORT = { memberCount: MEMBERS, maxDropouts: 0, maxColluders: 1 };

const SCHEMA = DataSchema.parse({
  label: { column: "label" },
  unit: null,
  features: [{ name: "amount", type: "number", min: 0, max: 1 }],
  identifiers: [{ name: "mail", type: "email" }],
});

export function sketchBench(): BenchResult[] {
  const multiplier = gaussianSigma(EPSILON, DELTA);
  const context = contextWith(multiplier);
  const shape = overlapTask.shapeOf(context, "sketches");
  const roster = Array.from({ length: MEMBERS }, (_, k) => enrolled(`m-${k}`, "ab".repeat(32)));
  const privacy = { ...PRIVACY, ...COHORT, trainMultiplier: multiplier };
  const manifest = { roster, privacy, encoding: undefined };
  let seconds = 0;
  const parts = roster.map((_, k) => {
    const data = tableOf(k);
    const start = performance.now();
    const ask = { kind: "sketches", input: new Float32Array(0) };
    const part = overlapTask.contribute(context, ask, data, osRng, newMemory(k));
    seconds += (performance.now() - start) / 1000;
    return part;
  });
  const squares: number[] = [];
  let held = 0;
  for (let trial = 0; trial < TRIALS; trial++) {
    const answer = answerOf(context, secureSum(parts, shape, manifest, trial));
    for (const { value, low, high } of pairsOf(answer)) {
      squares.push((value - COMMON) ** 2);
      if (low <= COMMON && COMMON <= high) held += 1;
    }
  }
  const error = Math.sqrt(squares.reduce((a, b) => a + b, 0) / squares.length);
  const { dimension, ringBits } = wireFormat(shape, manifest);
  const bytes = Math.ceil((dimension * ringBits) / 8);
  const per = `5 members × 1M ids, ε = ${EPSILON}, δ = ${DELTA}`;
  return [
    result(
      `sketch: error of an overlap in % of a set (RMS), ${per}`,
      "percent",
      (100 * error) / SIZE,
      1,
      1.3,
    ),
    result(
      `sketch: intervals that hold, of ${squares.length}`,
      "%",
      (100 * held) / squares.length,
      93,
      85,
    ),
    result(`sketch: vector of a member, ${per}`, "KB", bytes / 1000, 300, 300),
    result(
      "sketch: a member's table, one core",
      "ids/s",
      (MEMBERS * SIZE) / seconds,
      100_000,
      null,
    ),
  ];
}

function result(
  name: string,
  unit: string,
  value: number,
  target: number,
  limit: number | null,
): BenchResult {
  return { name, unit, value, target, limit };
}

function contextWith(trainMultiplier: number): OverlapContext {
  const task = { kind: "overlap", column: "mail", sizeExpected: SIZE, salt: "5a17".repeat(8) };
  const spec = TaskSpec.parse(task);
  if (spec.kind !== "overlap") throw new Error("an overlap is one");
  const inflation = noiseInflation(COHORT);
  const noise = {
    trainMultiplier,
    holdoutMultiplier: trainMultiplier,
    unitsExpected: SIZE,
    inflation,
  };
  return { spec, schema: SCHEMA, noise, rowsMax: 2 * SIZE, memberCount: MEMBERS };
}

/** Every row a customer of its own. */
function tableOf(member: number): PartitionedData {
  const customer = (n: number): string =>
    n < COMMON ? `Customer.${n}@example.com` : `customer.${member}.${n}@example.com`;
  const side = (rowCount: number, first: number): EncodedData => ({
    rowCount,
    numbers: new Float32Array(0),
    codes: new Uint16Array(0),
    labels: new Uint8Array(0),
    unitStarts: Uint32Array.from({ length: rowCount + 1 }, (_, row) => row),
    identifiers: [Array.from({ length: rowCount }, (_, row) => customer(first + row))],
  });
  const held = SIZE / 5;
  return { train: side(SIZE - held, 0), holdout: side(held, SIZE - held) };
}

function answerOf(context: OverlapContext, sum: Float64Array): Answer {
  const state = overlapTask.absorb(context, overlapTask.begin(context), sum);
  const answer = overlapTask.answer?.(context, state);
  if (!answer) throw new Error("a complete question has an answer");
  return answer;
}

function pairsOf({ tables }: Answer): Estimate[] {
  const pairs: Estimate[] = [];
  for (let i = 0; i < MEMBERS; i++)
    for (let j = i + 1; j < MEMBERS; j++) {
      const cell = tables[0]?.rows[i]?.[j + 1];
      if (typeof cell !== "object" || cell === null) throw new Error("no estimate there");
      pairs.push(cell);
    }
  return pairs;
}
