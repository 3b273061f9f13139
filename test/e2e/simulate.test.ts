/** `cloister simulate` through the binary: on a small table, with and without a charter, and with whatever is wrong. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { memberIds, smallCharter, smallTable } from "../support/charters.ts";
import { cloister, expectOneLine } from "../support/command.ts";

const folder = mkdtempSync(join(tmpdir(), "cloister-simulate-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);
function write(name: string, content: string | object): string {
  writeFileSync(at(name), typeof content === "string" ? content : stringify(content));
  return at(name);
}

/** Five banks' rows in one table, with a column that says whose. */
const [head = "", ...lines] = memberIds(5).flatMap((bank, i) => {
  const [header = "", ...rows] = smallTable(bank, 150).trim().split("\n");
  const all = rows.map((row) => `${bank},${row}`);
  return i === 0 ? [`org,${header}`, ...all] : all;
});
const data = write("rows.csv", `${[head, ...lines].join("\n")}\n`);
const task = {
  kind: "train",
  model: { hidden: [] },
  scaling: "bounds",
  strategy: {
    kind: "dpSgd",
    rounds: 8,
    samplingProbability: 0.5,
    clipNorm: 1,
    learningRate: 3,
    momentum: 0,
  },
  evaluation: { everyRounds: null, bins: 32 },
};
const plan = write("plan.yaml", { task, privacy: { epsilon: 3 } });
const fedAvg = write("fed-avg.yaml", {
  task: { ...task, strategy: { kind: "fedAvg", rounds: 2, learningRate: 0.05 } },
  privacy: "none",
});
const LABEL = ["--label", "label", "--unit", "customer"];
const DEALT = [...LABEL, "--ignore", "org", "--members", "5"];
const simulate = (...args: string[]) => cloister("simulate", ...args);

test("a table, a plot, a file for programs and the rounds; the same again from the same seed", async () => {
  const files = (k: number): string[] => {
    return ["--plot", at(`${k}.svg`), "--csv", at(`${k}.csv`), "--json", at(`${k}.json`)];
  };
  const args = [
    plan,
    "--data",
    data,
    ...DEALT,
    "--epsilon",
    "8,1",
    "--seeds",
    "2",
    "--drop",
    "0.1",
  ];
  const [first, second] = await Promise.all([
    simulate(...args, ...files(1)),
    simulate(...args, ...files(2)),
  ]);
  expect(first).toMatchObject({ code: 0, errors: "" });
  expect(first.output).toContain("rows.csv: dpSgd, 5 members");
  expect(first.output).toMatch(/\| federated, ε = 1 +\| 0\.\d{4} \(0\.\d{4}–/);
  expect(first.output).toContain("Nothing in a simulation is protected");
  expect(second.output).toBe(first.output);
  for (const kind of ["svg", "csv", "json"])
    expect(readFileSync(at(`2.${kind}`), "utf8")).toBe(readFileSync(at(`1.${kind}`), "utf8"));
  const report = JSON.parse(readFileSync(at("1.json"), "utf8"));
  expect(report.lines.map(({ epsilon }: { epsilon: number }) => epsilon)).toEqual([
    null,
    null,
    null,
    8,
    1,
  ]);
  expect(report.lines[0].summary.rocAuc.median).toBeGreaterThan(0.95);
  const rounds = readFileSync(at("1.csv"), "utf8").trim().split("\n");
  expect(rounds).toHaveLength(1 + 3 * 2 * 9); // Settings, seeds, eight steps and an evaluation.
  expect(readFileSync(at("1.svg"), "utf8")).toContain("ROC-AUC against ε: dpSgd, 5 members");
});

test("members by a column, under a room's own charter: its budget bounds what can be tried", async () => {
  const room = { ...smallCharter(memberIds(5)), room: "banks" };
  const charter = write("charter.yaml", room);
  const args = ["--data", data, "--charter", charter, "--split", "org", "--seeds", "1"];
  const printed = await simulate(plan, ...args, "--json");
  expect(printed.code).toBe(0);
  const report = JSON.parse(printed.output);
  const federated = report.lines.filter(({ kind }: { kind: string }) => kind === "federated");
  expect(federated.map(({ epsilon }: { epsilon: number }) => epsilon)).toEqual([null, 3]);
  expect(federated[1].privacy).toMatchObject({ epsilon: 3, delta: 1e-5, unitsExpected: 300 });
  expect(report.notes.join("\n")).toContain("8 exceeds the charter's budget of 3");
  expect(report.memberCount).toBe(5);
});

test("whatever is wrong is one line: options, columns, rows, and what no noise can be added to", async () => {
  const few = write("few.csv", `${[head, ...lines.slice(0, 12)].join("\n")}\n`);
  const holes = write(
    "holes.csv",
    `${[head, ...lines.slice(0, 9), lines[9]?.replace(/^[^,]*/, "")].join("\n")}\n`,
  );
  const probe = write("probe.yaml", {
    task: { kind: "probe", dimension: 9, rounds: 1 },
    privacy: "none",
  });
  const on = (file: string, ...rest: string[]) => simulate(plan, "--data", file, ...rest);
  const outcomes = await Promise.all([
    on(data, "--label", "absent", "--members", "5"),
    on(data, ...LABEL, "--split", "absent"),
    on(few, ...LABEL, "--ignore", "org", "--members", "100"),
    on(holes, ...LABEL, "--split", "org"),
    on(few, ...LABEL, "--split", "org"),
    on(write("rows.jsonl", "{}\n"), ...DEALT),
    on(data, ...DEALT, "--epsilon", "0.0000001"),
    on(data, ...DEALT, "--delta", "0.005"),
    simulate(fedAvg, "--data", data, ...DEALT, "--epsilon", "3"),
    simulate(probe, "--data", data, ...DEALT),
    simulate(at("none.yaml"), "--data", data, ...DEALT),
  ]);
  const expected: readonly (readonly [code: number, ...mentions: string[]])[] = [
    [3, 'missing columns: "absent"'],
    [3, 'missing columns: "absent"'],
    [3, "training units do not do for 100 members", "use fewer members"],
    [3, "row 10 (line 11)", '"org"', "every row must say whose it is"],
    [3, "only 1 of 1 members could take part"],
    [3, "rows.jsonl", "trains on CSV"],
    [3, "no amount of noise gives ε"],
    [3, "--delta 0.005", "given away whole"],
    [3, "fedAvg carries no guarantee per unit"],
    [3, "probe trains nothing that could be simulated"],
    [3, "none.yaml: cannot be read"],
  ];
  for (const [i, outcome] of outcomes.entries()) {
    const [code, ...mentions] = expected[i] ?? [0];
    expectOneLine(outcome, code, ...mentions);
  }
  expectOneLine(await simulate(plan, "--data", data, "--members", "5"), 2, "--label is missing");
  expect(existsSync(at("1.svg.tmp"))).toBe(false);
});

test("drop-outs beyond what is tolerated abort rounds, are counted, and end the run; the command says so", async () => {
  const args = ["--data", data, ...DEALT, "--seeds", "1", "--drop", "0.8"];
  const { code, output } = await simulate(fedAvg, ...args);
  expect(code).toBe(0);
  expect(output).toMatch(/\| federated, no noise +\| none .*\| 20 +\| 1 of 1 \|/);
  expect(output).toContain("a run failed: round 0: 20 attempts failed");
});
