/** An evaluation at the gate: another model is refused, and how the approved one does on own rows stays on the own disk. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Gate } from "../../../agent/gate/gate.ts";
import { keptIn } from "../../../agent/gate/kept.ts";
import { ownModelsIn } from "../../../agent/gate/own-models.ts";
import { openAccount } from "../../../agent/ledger/account.ts";
import { architectureOf } from "../../../models/engine/architecture.ts";
import { metricsOfScores } from "../../../models/metrics/ranking.ts";
import { netInput, netScores } from "../../../models/tasks/evaluate/model.ts";
import { reproducibleRng } from "../../../shared/base/reproducible.ts";
import { Charter, charterHash } from "../../../shared/charter/charter.ts";
import { inputHashOf } from "../../../shared/charter/evaluate-spec.ts";
import { runIdOf } from "../../../shared/charter/manifest.ts";
import { NetSpec } from "../../../shared/charter/model-spec.ts";
import { TaskSpec } from "../../../shared/charter/task-spec.ts";
import { tableOf, unevenScaling } from "../../models/fixtures.ts";
import { memberIds, smallCharter } from "../../support/charters.ts";
import { questionOf, signedManifest } from "../../support/manifests.ts";
import { fileLedger, TERMS } from "../ledger/ledgers.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cloister-reports-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const small = smallCharter(memberIds(3));
const CHARTER = Charter.parse({ ...small, tasks: ["evaluate"] });
const { schema } = CHARTER;
const SPEC = NetSpec.parse({ hidden: [] });
const { numberCount, paramCount } = architectureOf(schema, SPEC);
const MODEL = {
  schema,
  spec: SPEC,
  scaling: unevenScaling(numberCount),
  params: Float32Array.from({ length: paramCount }, (_, i) => (i === 0 ? 3 : 0.1)),
};
const INPUT = netInput(MODEL);
const HOLDOUT = tableOf(schema, 80, () => 1, "holdout");
const MASKS = Array.from({ length: 3 }, (_, i) => ({
  key: new Uint8Array(32).fill(i + 1),
  sign: 1 as const,
}));

function opened(): Gate {
  const terms = { ...TERMS, budget: CHARTER.privacy.budget, charterHash: charterHash(CHARTER) };
  const ledger = openAccount(fileLedger(join(folder, "ledger.db")), terms);
  const data = {
    train: tableOf(schema, 60, () => 1, "train"),
    holdout: HOLDOUT,
  };
  const rng = reproducibleRng("gate");
  return new Gate({ charter: CHARTER, memberId: "bank-1", data, ledger, rng, ...keptIn(folder) });
}

const MANIFEST = signedManifest(CHARTER, {
  task: TaskSpec.parse({
    kind: "evaluate",
    model: {
      run: "ab".repeat(32),
      made: { kind: "net", spec: SPEC },
      inputHash: inputHashOf(INPUT),
    },
  }),
  privacy: null,
});
const RUN = runIdOf(MANIFEST);

test("a model other than the approved one is refused, and nothing of it can be sent", () => {
  const gate = opened();
  expect(gate.assess(questionOf(MANIFEST))).toEqual([]);
  const other = INPUT.slice();
  other[0] = (other[0] ?? 0) + 1;
  expect(() => gate.work(0, "evaluate", other)).toThrow("not the one that the members approved");
  expect(gate.seal(0, 0, MASKS)).toEqual({ refused: "wrongAttempt" });
  expect(existsSync(join(folder, "reports"))).toBe(false);
  gate.work(1, "evaluate", INPUT.slice());
  expect(gate.seal(0, 1, MASKS)).toHaveProperty("vector");
});

test("the report is for its owner's eyes, and has the member's own models beside the global one", () => {
  const own = "cd".repeat(32);
  ownModelsIn(join(folder, "models")).save(own, { ...MODEL, params: MODEL.params.map((x) => -x) });
  const gate = opened();
  expect(gate.assess(questionOf(MANIFEST))).toEqual([]);
  gate.work(0, "evaluate", INPUT.slice());
  const reports = join(folder, "reports");
  expect(readdirSync(reports).toSorted()).toEqual([`${RUN}.json`, `${RUN}.md`]);
  for (const name of readdirSync(reports))
    expect(statSync(join(reports, name)).mode & 0o077).toBe(0);
  const text = readFileSync(join(reports, `${RUN}.md`), "utf8");
  expect(text).toContain("| figure | global model | own model of run cdcdcdcdcdcd |");
  expect(text).toContain("| rows | 80 | 80 |");
  const report = JSON.parse(readFileSync(join(reports, `${RUN}.json`), "utf8")) as {
    format: string;
    runId: string;
    tables: { rows: unknown[][] }[];
  };
  expect([report.format, report.runId]).toEqual(["cloister-own-report/1", RUN]);
  const [, global, mine] = report.tables[0]?.rows.find(([name]) => name === "ROC-AUC") ?? [];
  const exact = metricsOfScores(netScores(MODEL, HOLDOUT), HOLDOUT.labels);
  expect(Number(global)).toBeCloseTo(exact?.rocAuc ?? Number.NaN, 12);
  expect(Number(global) + Number(mine)).toBeCloseTo(1, 12);
});
