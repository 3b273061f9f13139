/**
 * EDGE: `npm run questions`: every kind of question on public tables divided by organisation, asked of all rows in one
 * table, of the members by plain addition, and through the wire; prints how far the answers are apart. Reads the tables
 * whole, which only a measurement may.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { TaskSpec } from "../../shared/charter/task-spec.ts";
import { type LoadedSet, loadSet } from "../baselines/load.ts";
import { DATA_SETS } from "../baselines/sets.ts";
import { enrolled } from "../support/manifests.ts";
import { CASES, type Case } from "./cases.ts";
import { type Gap, gapOf } from "./compare.ts";
import { evaluated } from "./evaluated.ts";
import { overlapThreeWays } from "./overlapped.ts";
import { threeWays } from "./play.ts";

const { values } = parseArgs({
  options: {
    data: {
      type: "string",
      default: fileURLToPath(new URL("../../../shared/data/", import.meta.url)),
    },
    write: { type: "boolean", default: false },
  },
});
const PAGE = new URL("../../docs/questions.md", import.meta.url);
const ROWS_MAX = 1_000_000;

interface Line {
  readonly asked: Case;
  readonly members: number;
  readonly rows: number;
  readonly federated: Gap;
  readonly secure: Gap;
}

await main();

async function main(): Promise<void> {
  const { data: folder, write } = values;
  if (!existsSync(folder))
    return console.log(`nothing asked: no folder ${folder}; name one with --data`);
  const lines: Line[] = [];
  for (const name of new Set(CASES.map(({ set }) => set))) {
    const set = DATA_SETS.find((one) => one.name === name);
    if (!set || !existsSync(`${folder}/${set.file}`)) {
      console.log(`skipped: ${name} is not in ${folder}`);
      continue;
    }
    const cases = CASES.filter((one) => one.set === name);
    const matched = cases.flatMap(({ matchedBy = [] }) => matchedBy);
    const identifiers = matched.map((column) => ({ name: column, type: "text" as const }));
    const loaded = await loadSet(folder, set, identifiers.length > 0 ? identifiers : undefined);
    for (const asked of cases) lines.push(lineOf(asked, loaded));
  }
  const table = tableOf(lines);
  console.log(table);
  if (write) writeFileSync(PAGE, withTable(readFileSync(PAGE, "utf8"), table));
  // Not a number is not within a bound.
  if (!lines.every(({ asked, secure }) => secure.worst <= asked.bound)) process.exitCode = 1;
}

function lineOf(asked: Case, { schema, members }: LoadedSet): Line {
  const data = members.map((member) => member.data);
  const begun = "model" in asked && evaluated(asked.task, schema, data, ROWS_MAX);
  const spec = begun ? begun.spec : TaskSpec.parse(asked.task);
  const roster = data.map((_, k) => enrolled(`org-${k}`, "ab".repeat(32)));
  const manifest = { roster, privacy: null, encoding: undefined };
  const question = { spec, schema, members: data, rowsMax: ROWS_MAX };
  const ways =
    spec.kind === "overlap"
      ? overlapThreeWays(question, spec, manifest)
      : threeWays({ ...question, ...(begun && { begun: begun.begun }) }, manifest);
  return {
    asked,
    members: data.length,
    rows: data.reduce((sum, { train, holdout }) => sum + train.rowCount + holdout.rowCount, 0),
    federated: gapOf(ways.pooled, ways.federated),
    secure: gapOf(ways.pooled, ways.secure),
  };
}

function tableOf(lines: readonly Line[]): string {
  const error = ({ worst }: Gap): string => (worst === 0 ? "equal" : worst.toExponential(1));
  const rows = lines.map(
    ({ asked, members, rows, federated, secure }) =>
      `| ${asked.name} | ${asked.set} | ${members} | ${rows} | ${secure.numbers} | ${error(federated)} | ${error(secure)} | ${asked.bound === 0 ? "equal" : asked.bound} |`,
  );
  return [
    "| question | table | members | rows | numbers | federated | secure | bound |",
    "|---|---|---|---|---|---|---|---|",
    ...rows,
  ].join("\n");
}

function withTable(page: string, markdown: string): string {
  const marks = /(<!-- questions -->\n)[\s\S]*?(<!-- \/questions -->)/;
  if (!marks.test(page))
    throw new Error("the page has no <!-- questions --> … <!-- /questions -->");
  return page.replace(marks, (_, open, close) => `${open}${markdown}\n${close}`);
}
