/**
 * EDGE: `node test/trees/main.ts TABLE --label COLUMN --drop A,B --test 9,10`: federated boosted trees on a
 * table that has a column `org` (whose row it is) and a column `fold` (which ones are held out).
 */
import { parseArgs } from "node:util";
import { readCsv } from "../../agent/data/csv.ts";
import { inferSchema } from "../../agent/data/inference.ts";
import type { PartitionedData } from "../../models/data.ts";
import { type TableEncoder, tableEncoder } from "../../models/features/encoder.ts";
import type { DataSchema } from "../../shared/charter/schema.ts";
import { boostedMetrics, boostTaskOf } from "../support/boosted.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    label: { type: "string", default: "label" },
    drop: { type: "string", default: "" },
    categorical: { type: "string", default: "" },
    test: { type: "string", default: "0" },
    model: { type: "string", default: "{}" },
    sampling: { type: "string", default: "1" },
    epsilon: { type: "string" },
  },
});

const list = (text: string): string[] => (text === "" ? [] : text.split(","));

/** One member per value of `org`; rows of the test folds are held out. */
async function membersOf(path: string, schema: DataSchema): Promise<PartitionedData[]> {
  const testFolds = new Set(list(values.test));
  const members = new Map<string, { encoder: TableEncoder; folds: string[] }>();
  let header: readonly string[] = [];
  const newMember = (): { encoder: TableEncoder; folds: string[] } => {
    const folds: string[] = [];
    const isHoldout = (id: string): boolean => testFolds.has(folds[Number(id) - 1] ?? "");
    const options = { table: path, isHoldout, allowOneClass: true };
    return { encoder: tableEncoder(schema, header, options), folds };
  };
  await readCsv(path, {
    onHeader: (columns) => {
      header = columns;
    },
    onRow: (cells, row, line) => {
      const org = cells[header.indexOf("org")] ?? "";
      const member = members.get(org) ?? newMember();
      members.set(org, member);
      member.folds.push(cells[header.indexOf("fold")] ?? "");
      member.encoder.add(cells, row, line);
    },
  });
  return [...members.values()].map(({ encoder }) => encoder.finish().data);
}

const [path = ""] = positionals;
const { label } = values;
const { schema } = await inferSchema(path, {
  label,
  positive: "1",
  unit: null,
  drop: ["org", "fold", ...list(values.drop)],
  categorical: list(values.categorical),
  numeric: [],
});
const members = await membersOf(path, schema);
const settings = { trees: 150, depth: 8, leavesMax: 31, learningRate: 0.08, minRows: 20 };
const model = { ...settings, bins: 64, ...(JSON.parse(values.model) as object) };
const beganAt = performance.now();
const sampling = { probability: Number(values.sampling), rowsPerUnitMax: 1 };
const task = { ...boostTaskOf(model), sampling };
const epsilon = values.epsilon === undefined ? null : Number(values.epsilon);
const { metrics } = boostedMetrics(schema, members, task, epsilon);
const seconds = ((performance.now() - beganAt) / 1000).toFixed(1);
const rows = members.reduce((sum, { train }) => sum + train.rowCount, 0);
process.stdout.write(
  `${members.length} members, ${rows} training rows, ${schema.features.length} features, ` +
    `ε ${epsilon ?? "none"}, ${JSON.stringify(model)}: ${JSON.stringify(metrics)} in ${seconds} s\n`,
);
