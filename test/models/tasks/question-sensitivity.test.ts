/**
 * The claim that the ledger rests on, tried on the real vectors: one unit more or less, whatever its rows are, moves the
 * vector of a noised question by at most its declared sensitivity.
 */
import { expect, test } from "vitest";
import type { PartitionedData } from "../../../models/data.ts";
import { architectureOf } from "../../../models/engine/architecture.ts";
import { newMemory } from "../../../models/tasks/member-memory.ts";
import { taskFor } from "../../../models/tasks/registry.ts";
import type { Ask, TaskContext } from "../../../models/tasks/task.ts";
import { UniformSource } from "../../../shared/base/uniform.ts";
import { inputHashOf } from "../../../shared/charter/evaluate-spec.ts";
import { ModelSpec } from "../../../shared/charter/model-spec.ts";
import { TaskSpec } from "../../../shared/charter/task-spec.ts";
import { rng } from "../fixtures.ts";
import { contextOf, drawn, member, NOISE, type Row } from "./questions.ts";

const { schema } = contextOf({ kind: "count" });
const ROWS_PER_UNIT = 3;
const source = new UniformSource(rng("one unit more"));
const oneOf = <T>(values: readonly T[]): T => values[source.below(values.length)] as T;

/** Corners of what a table may hold: bounds, beyond them, missing, undeclared. */
function extreme(): Row {
  return {
    age: oneOf([20, 100, 60, -1e9, 1e300, 61]),
    cost: oneOf([0, 5000, null, 1e18, 69.7]),
    months: oneOf([0, 64, 1e9, 12, 13, 5e-324]),
    arm: oneOf(["old", "new", "neither"]),
    site: oneOf(["A", "B", "C", "D", ""]),
    sex: oneOf(["f", "m", "?"]),
    sick: oneOf([0, 1]),
  };
}

/** Its rows: all alike, each another, or as those of everybody. */
function unit(): Row[] {
  const count = oneOf([1, 2, ROWS_PER_UNIT, 40]);
  const [same, kind] = [extreme(), source.below(3)];
  return Array.from({ length: count }, () =>
    kind === 0 ? same : kind === 1 ? extreme() : drawn(),
  );
}

/** Others have so few rows that all of them take part: nobody's draws depend on the one. */
function around(added: readonly Row[]): [PartitionedData, PartitionedData] {
  const others = Array.from({ length: 1 + source.below(40) }, drawn);
  const patientOf = (i: number): string => `p${Math.floor(i / ROWS_PER_UNIT)}`;
  const own = `${oneOf(["new", "a"])}${source.below(10)}`;
  const at = (i: number): string => (i < added.length ? own : patientOf(i - added.length));
  return [member(others, "without", patientOf), member([...added, ...others], "with", at)];
}

function contextFor(parts: object): TaskContext<TaskSpec> {
  const spec = TaskSpec.parse({ rowsPerUnitMax: ROWS_PER_UNIT, ...parts });
  return { ...contextOf({ kind: "count" }), spec, noise: NOISE };
}

/** How far one unit moves the vector, against what is declared. */
function moved(context: TaskContext<TaskSpec>, ask: Ask): number {
  const task = taskFor(context.spec);
  const { release } = task.shapeOf(context, ask.kind);
  if (release.kind !== "noised") throw new Error("a noised question is one");
  const [without, having] = around(unit()).map((data) =>
    task.contribute(context, ask, data, rng("draws"), newMemory(1)),
  );
  if (!without || !having) throw new Error("there are two");
  const squares = having.map((x, i) => (x - (without[i] ?? 0)) ** 2);
  return Math.sqrt(squares.reduce((sum, x) => sum + x, 0)) / release.sensitivity;
}

function worst(context: TaskContext<TaskSpec>, asks: () => Ask, times = 60): number {
  return Math.max(...Array.from({ length: times }, () => moved(context, asks())));
}

const QUESTION: Ask = { kind: "query", input: new Float32Array(0) };
const NEW = { column: "arm", is: "=", value: "new" };
const OLD = { column: "arm", is: "=", value: "old" };

test.each([
  [{ kind: "count" }, 0.99],
  [{ kind: "units" }, 0.81],
  [{ kind: "moments", column: "cost" }, 0.98],
  [{ kind: "histogram", column: "age", bins: 7 }, 0.99],
  [{ kind: "quantiles", column: "age", bins: 16 }, 0.99],
  [{ kind: "crosstab", columns: [{ column: "arm" }, { column: "age", edges: [50, 61] }] }, 0.99],
  [{ kind: "correlation", columns: ["age", "cost", "months"] }, 0.98],
  [{ kind: "means", column: "age", groups: { column: "arm" } }, 0.98],
  [{ kind: "drift", column: "site", before: [OLD], after: [NEW] }, 0.99],
  [{ kind: "drift", column: "site", between: "members" }, 0.99],
  [
    { kind: "survival", time: "months", event: [NEW], grid: [12, 24], group: { column: "sex" } },
    0.99,
  ],
  [{ kind: "top", column: "site" }, 0.99],
] as const)("%o", (statistic, reached) => {
  for (const by of [[], [{ column: "sick" }]]) {
    const context = contextFor({ kind: "query", statistic, by });
    const most = worst(context, () => QUESTION);
    expect(most).toBeLessThanOrEqual(1);
    expect(most).toBeGreaterThanOrEqual(reached);
  }
});

test("a unit that counts once in a cell moves distinct counts by the declared norm, and never more: all of its tables", () => {
  const ARMS = ["old", "new", "neither"];
  const tables = (rowCount: number): string[][] =>
    rowCount === 0 ? [[]] : tables(rowCount - 1).flatMap((t) => ARMS.map((arm) => [...t, arm]));
  const row = drawn();
  const worstOf = (rowsPerUnitMax: number, by: object[]): [number, number] => {
    const spec = { kind: "query", statistic: { kind: "units" }, rowsPerUnitMax, by };
    const context = contextFor(spec);
    const task = taskFor(context.spec);
    const { release } = task.shapeOf(context, "query");
    if (release.kind !== "noised") throw new Error("a noised question is one");
    const norms = [1, 2, 3, 4].flatMap(tables).map((arms) => {
      const data = member(
        arms.map((arm) => ({ ...row, arm })),
        "one",
        () => "u",
      );
      return Math.hypot(...task.contribute(context, QUESTION, data, rng("draws")));
    });
    return [Math.max(...norms), release.sensitivity];
  };
  for (const rowsPerUnitMax of [1, 2, 3, 5]) {
    for (const by of [[], [{ column: "arm" }]]) {
      const [most, declared] = worstOf(rowsPerUnitMax, by);
      expect(most / declared).toBeCloseTo(1, 12);
    }
  }
});

/** Coefficients that a coordinator might ask with to tell rows apart. */
function coefficients(count: number): Float32Array {
  const size = oneOf([0, 1, 100, 1e20]);
  return Float32Array.from({ length: 3 * count }, (_, i) =>
    i % 3 === 0 ? size * (2 * source.unit() - 1) : 0,
  );
}

test.each([
  ["logistic", {}, 0.5],
  ["linear", { target: "months" }, 0.5],
  ["poisson", { target: "months" }, 0.5],
  ["poisson", { target: "months", exposure: "cost" }, 0.5],
] as const)("a regression, %s %o, whatever coefficients it is asked with", (family, more, reached) => {
  const columns = ["age", "site", "sex", ...("exposure" in more ? [] : ["cost"])];
  const context = contextFor({ kind: "glm", family, columns, rounds: 6, ...more });
  const task = taskFor(context.spec);
  const kinds = task.plannedAsks(context).map(({ kind }) => kind);
  expect(kinds.length).toBe(family === "linear" ? 1 : 2);
  // Intercept; age; site and anything else, sex and anything else without their references; cost, missing or not.
  const count = 1 + 1 + 4 + 2 + ("exposure" in more ? 0 : 2);
  for (const kind of kinds) {
    const input = (): Float32Array =>
      kind === "start" ? new Float32Array(0) : coefficients(count);
    const most = worst(context, () => ({ kind, input: input() }));
    expect(most).toBeLessThanOrEqual(1);
    expect(most).toBeGreaterThanOrEqual(reached);
  }
});

test.each(["holdout", "all"])("an evaluation of %s rows, whatever the model", (rows) => {
  for (const by of [{}, { by: "site" }]) {
    const made = ModelSpec.parse({ hidden: oneOf([[], [3]]) });
    const { numberCount, paramCount } = architectureOf(schema, made);
    const most = Array.from({ length: 60 }, () => {
      const size = oneOf([0, 1, 10, 1e38, Number.NaN]);
      const input = Float32Array.from({ length: 2 * numberCount + paramCount }, () =>
        size === 0 ? 0 : size * (2 * source.unit() - 1),
      );
      const model = {
        run: "12".repeat(32),
        made: { kind: "net", spec: made },
        inputHash: inputHashOf(input),
      };
      const context = contextFor({ kind: "evaluate", model, rows, bins: 16, ...by });
      return moved(context, { kind: "evaluate", input });
    });
    expect(Math.max(...most)).toBeLessThanOrEqual(1);
    expect(Math.max(...most)).toBeGreaterThanOrEqual(0.5);
  }
});
