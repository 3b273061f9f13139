/** The model card: what is known stands there, what is not says so, and no text of a charter becomes mark-up. */
import { expect, test } from "vitest";
import { handed, modelFiles } from "../../../coordinator/cli/export.ts";
import type { RoundReleased, RunSummary } from "../../../coordinator/run/events.ts";
import { statementOf } from "../../../coordinator/run/statement.ts";
import type { ModelCard } from "../../../models/export/card.ts";
import { parseModelJson } from "../../../models/export/json.ts";
import { contextOf } from "../../../models/tasks/context.ts";
import type { TrainState } from "../../../models/tasks/train/state.ts";
import { trainTask } from "../../../models/tasks/train/train.ts";
import { toHex, utf8 } from "../../../shared/base/bytes.ts";
import type { Charter } from "../../../shared/charter/charter.ts";
import { type Manifest, runIdOf } from "../../../shared/charter/manifest.ts";
import { TaskSpec } from "../../../shared/charter/task-spec.ts";
import { sha256 } from "../../../shared/crypto/hash.ts";
import { memberIds, smallCharter } from "../../support/charters.ts";
import { signedManifest } from "../../support/manifests.ts";

const METRICS = { rocAuc: 0.9, prAuc: 0.5, recallAt1pctFpr: 0.3, recallAt5pctFpr: 0.6 };

function filesOf(
  { charter, manifest }: { charter: Charter; manifest: Manifest },
  metrics: TrainState["metrics"],
  format: string,
  scores: TrainState["scores"] = null,
  said: Pick<RunSummary, "rounds" | "engines"> = { rounds: [], engines: [] },
) {
  if (manifest.task.kind !== "train") throw new Error("not a training run");
  const context = { ...contextOf(charter, manifest), spec: manifest.task };
  const begun = trainTask.begin(context);
  const state = trainTask.encodeState({ ...begun, metrics, scores, done: 3 });
  const runId = runIdOf(manifest);
  const run = { runId, manifest, status: "completed", ...said } as RunSummary;
  const statement = statementOf(charter, manifest, []);
  const more = { createdAt: "2026-11-25T00:00:00.000Z", scorerReader: "// reader\n" };
  const files = modelFiles({ charter, run, state, statement, format, ...more });
  return new Map(files.map(({ name, content }) => [name, content]));
}

const text = (content: string | Uint8Array | undefined): string =>
  typeof content === "string" ? content : "";
const cardOf = (files: Map<string, string | Uint8Array>): ModelCard =>
  JSON.parse(text(files.get("model-card.json"))) as ModelCard;

const charter = smallCharter(memberIds(5));
const noised = { charter, manifest: signedManifest(charter) };
const exact = { charter, manifest: signedManifest(charter, { privacy: null }) };

test("every format comes with its card, in which every file has its hash", () => {
  const names = {
    json: ["model.json"],
    tfjs: ["model.json", "weights.bin"],
    onnx: ["model.onnx"],
    scorer: ["scorer.json", "scorer.ts"],
    pmml: ["model.pmml"],
  };
  for (const [format, expected] of Object.entries(names)) {
    const files = filesOf(noised, null, format);
    const card = cardOf(files);
    expect(card.format).toBe(format);
    expect(card.files.map(({ name }) => name)).toEqual(expected);
    for (const { name, bytes, sha256: hash } of card.files) {
      const content = files.get(name) ?? "";
      const raw = typeof content === "string" ? utf8(content) : content;
      expect({ bytes, hash }).toEqual({ bytes: raw.length, hash: toHex(sha256(raw)) });
      expect(text(files.get("model-card.md"))).toContain(hash);
    }
  }
  expect(() => filesOf(noised, null, "docx")).toThrow("use one of json, tfjs, onnx, scorer, pmml");
  expect(() => filesOf(noised, null, "toString")).toThrow("unknown");
});

test("what computed is counted over members who are in a sum, and not told where nobody said it", () => {
  const engines = [
    { memberId: "b", engine: "plain" },
    { memberId: "a", engine: "wasm-simd" },
    { memberId: "c", engine: "wasm-simd" },
    { memberId: "gone", engine: "wasm-relaxed-simd" },
  ] as const;
  const rounds = [
    ["a", "b"],
    ["b", "c"],
  ].map((survivors) => {
    return { survivors } as unknown as RoundReleased;
  });
  const files = filesOf(noised, null, "json", null, { rounds, engines });
  expect(cardOf(files).engines).toEqual([
    { engine: "wasm-simd", members: 2 },
    { engine: "plain", members: 1 },
  ]);
  expect(text(files.get("model-card.md"))).toContain(
    "| computed by, as members said | `wasm-simd` at 2 members, `plain` at 1 member |",
  );
  const silent = filesOf(noised, null, "json");
  expect(cardOf(silent)).not.toHaveProperty("engines");
  expect(text(silent.get("model-card.md"))).not.toContain("computed by");
});

test("metrics have their interval where the counts are known, and say so where they are not", () => {
  const counts = { positives: 51.2, negatives: 57.9 };
  const known = filesOf(exact, { ...METRICS, rocAuc: 0.893, counts }, "json");
  const [rocAuc, prAuc] = cardOf(known).metrics ?? [];
  expect((rocAuc?.interval?.high ?? 0) - (rocAuc?.interval?.low ?? 0)).toBeCloseTo(
    2 * 1.96 * 0.0325,
    3,
  );
  expect(prAuc?.interval).toBeNull();
  expect(cardOf(known).evaluated).toEqual({ positives: 51, negatives: 58 });
  expect(text(known.get("model-card.md"))).toMatch(
    /\| ROC-AUC \| 0\.8930 \| 0\.8\d+ to 0\.9\d+ \|/,
  );
  const without = filesOf(exact, METRICS, "json");
  expect(cardOf(without)).toMatchObject({ evaluated: null });
  expect(text(without.get("model-card.md"))).toContain("| ROC-AUC | 0.9000 | not known |");
  const never = filesOf(exact, null, "json");
  expect(cardOf(never).metrics).toBeNull();
  expect(text(never.get("model-card.md"))).toContain(
    "Not known: the run has not been evaluated, or too few",
  );
});

test("run, members, rounds, schema and privacy are those of the run", () => {
  const files = filesOf(noised, null, "json");
  const card = cardOf(files);
  expect(card.run).toMatchObject({ id: runIdOf(noised.manifest), members: 5, roundsDone: 3 });
  expect(card.schema).toEqual(charter.schema);
  expect(card.privacy).toEqual(JSON.parse(text(files.get("privacy.json"))));
  expect(card.limits.join(" ")).toContain("carry noise");
  expect(cardOf(filesOf(exact, null, "json")).limits.join(" ")).not.toContain("carry noise");
  expect(text(files.get("model-card.md"))).toContain("Differential privacy for all records of one");
  expect(parseModelJson(text(files.get("model.json"))).schema).toEqual(charter.schema);
});

test("what people wrote into a charter stays text", () => {
  const purpose = "<img src=x> # not a heading\n# nor this | `code`";
  const odd = { ...charter, purpose };
  odd.schema.features.push({
    name: "a|b`c``",
    type: "category",
    categories: ["<b>", "x|y"],
    encoding: "onehot",
    dimension: 8,
  });
  const files = filesOf({ charter: odd, manifest: signedManifest(odd) }, null, "json");
  const markdown = text(files.get("model-card.md"));
  expect(markdown).toContain("\\<img src=x\\> \\# not a heading \\# nor this \\| \\`code\\`");
  expect(markdown).toContain("| ``` a\\|b`c`` ``` | category | `<b>`, `x\\|y` |");
});

test("bytes are handed over in base64, text as it is", () => {
  expect(handed({ name: "a.txt", content: "é" })).toEqual({ name: "a.txt", text: "é" });
  const content = Uint8Array.of(0, 255);
  expect(handed({ name: "a.bin", content })).toEqual({ name: "a.bin", base64: "AP8=" });
});

test("an autoencoder's card says that scores are no probabilities, and claims no metric without labels", () => {
  if (exact.manifest.task.kind !== "train") throw new Error("not a training run");
  const task = TaskSpec.parse({ ...exact.manifest.task, model: { autoencoder: { hidden: [4] } } });
  const odd = { charter, manifest: signedManifest(charter, { privacy: null, task }) };
  const scores = { rows: 400, p50: 0.1, p90: 0.25, p99: 0.8 };
  const blind = filesOf(odd, null, "json", scores);
  const markdown = text(blind.get("model-card.md"));
  expect(cardOf(blind)).toMatchObject({ metrics: null, scores });
  expect(cardOf(blind).model.kind).toBe("autoencoder, tanh");
  expect(markdown).toContain("an anomaly score, no probability");
  expect(markdown).not.toContain("It predicts");
  expect(markdown).toContain("too few held-back rows have a label");
  expect(markdown).toContain("Of 400 held-back rows half of the scores are below 0.100");
  expect(cardOf(blind).limits.join(" ")).not.toContain("probability only as far");
  const measured = text(filesOf(odd, METRICS, "onnx", scores).get("model-card.md"));
  expect(measured).toContain("| ROC-AUC | 0.9000 | not known |");
  for (const format of ["scorer", "pmml"])
    expect(() => filesOf(odd, null, format)).toThrow("use one of json, tfjs, onnx");
  expect(text(filesOf(exact, METRICS, "json").get("model-card.md"))).toContain("It predicts");
});
