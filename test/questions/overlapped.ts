/**
 * An overlap asked three ways: by sets of all rows in one table, from the members' sketches by plain addition, and from
 * the same through the wire. Sketches are whole numbers, so the last two are equal; they bear no noise here, which no
 * manifest may ask for, and are off by what falls into one slot. Pure.
 */
import type { Answer, Cell, Table } from "../../models/answers/answer.ts";
import type { PartitionedData } from "../../models/data.ts";
import { normalIdentifier } from "../../models/overlap/identifiers.ts";
import { identifiedRows, identifierRule } from "../../models/tasks/identified.ts";
import { newMemory } from "../../models/tasks/member-memory.ts";
import { overlapTask } from "../../models/tasks/overlap/overlap.ts";
import { askedValues, type OverlapContext, valuesOf } from "../../models/tasks/overlap/values.ts";
import type { BoundedRelease } from "../../models/tasks/task.ts";
import type { WireManifest } from "../../models/tasks/wire.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import type { OverlapTask } from "../../shared/charter/overlap-spec.ts";
import { secureSum } from "../support/secure-sum.ts";
import type { Asked, ThreeWays } from "./play.ts";

/** So little that none is to be seen in a member's set size; none is added to sketches. */
const NO_NOISE = 1e-6;
const ASK = { kind: "sketches", input: new Float32Array(0) };

export function overlapThreeWays(
  { schema, members, rowsMax }: Asked,
  spec: OverlapTask,
  manifest: WireManifest,
): ThreeWays {
  const noise = { trainMultiplier: NO_NOISE, holdoutMultiplier: NO_NOISE, unitsExpected: 1 };
  const context = { spec, schema, rowsMax, noise, memberCount: members.length };
  const parts = members.map((data, k) =>
    overlapTask.contribute(context, ASK, data, reproducibleRng(`${k}`), newMemory(k)),
  );
  const [plain, wired] = [added(parts), securely(parts, manifest)];
  if (plain.some((steps, s) => steps !== wired[s])) throw new Error("the wire changed a sketch");
  return {
    pooled: pooled(context, members),
    federated: valuesOnly(answered(context, plain)),
    secure: valuesOnly(answered(context, wired)),
  };
}

function answered(context: OverlapContext, sum: Float64Array): Answer {
  const answer = overlapTask.answer?.(context, { sum });
  if (!answer) throw new Error("a complete overlap has an answer");
  return answer;
}

function added(parts: readonly Float64Array[]): Float64Array {
  const sum = new Float64Array(parts[0]?.length ?? 0);
  for (const part of parts)
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (part[i] ?? 0);
  return sum;
}

/** As integers that must arrive exactly. */
function securely(parts: readonly Float64Array[], manifest: WireManifest): Float64Array {
  let magnitudeMax = 0;
  for (const part of parts)
    for (const x of part) magnitudeMax = Math.max(magnitudeMax, Math.abs(x));
  const release: BoundedRelease = { kind: "bounded", magnitudeMax, ringBits: 32, exact: true };
  return secureSum(parts, { dimension: parts[0]?.length ?? 0, release }, manifest);
}

/** Of the tables of pairs: numbers without their intervals. */
function valuesOnly(answer: Answer): Answer {
  const value = (cell: Cell): Cell =>
    typeof cell === "object" && cell !== null ? cell.value : cell;
  const tables = answer.tables
    .filter(({ name }) => name !== "All members together")
    .map((table): Table => ({ ...table, rows: table.rows.map((row) => row.map(value)) }));
  return { ...answer, tables };
}

function pooled(context: OverlapContext, members: readonly PartitionedData[]): Answer {
  const sets = members.map((data) => worthByIdentifier(context, data));
  const inBoth = (a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number[] =>
    [...a].flatMap(([identifier, worth]) => (b.has(identifier) ? worth : []));
  const name = (k: number): string => `member ${k + 1}`;
  const matrix = sets.map((a, i): Cell[] => [
    name(i),
    ...sets.map((b, j) => (i === j ? null : inBoth(a, b).length)),
  ]);
  const worth = sets.flatMap((a, i) =>
    sets.flatMap((b, j): Cell[][] => {
      if (i === j) return [];
      const common = inBoth(a, b);
      const sum = common.reduce((total, own) => total + own, 0);
      return [[name(i), `${name(j)} has too`, common.length, sum, sum / common.length]];
    }),
  );
  const tables = [matrix, worth].map((rows): Table => ({ name: "", columns: [], rows }));
  return { title: "", tables, charts: [], notes: [] };
}

/** What each of a member's identifiers comes to. */
function worthByIdentifier(context: OverlapContext, data: PartitionedData): Map<string, number> {
  const asked = askedValues(context);
  if (!asked) throw new Error("the comparison is of overlaps with values");
  const worth = new Map<string, number>();
  const values = valuesOf(asked, data);
  for (const [k, { cells }] of identifiedRows(context, data).entries())
    for (const [row, cell] of cells.entries()) {
      const identifier = normalIdentifier(cell, identifierRule(context));
      if (!identifier) continue;
      const before = worth.get(identifier) ?? 0;
      worth.set(identifier, before + asked.most * (values[k]?.[row] ?? 0));
    }
  for (const [identifier, total] of worth) worth.set(identifier, Math.min(asked.most, total));
  return worth;
}
