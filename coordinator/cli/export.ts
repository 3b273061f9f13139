/** The files that a run's model is handed out as: the model in its format, its card, what it says of its privacy. Pure. */
import { type CardModel, modelCard, netInWords, treesInWords } from "../../models/export/card.ts";
import { cardMarkdown } from "../../models/export/card-text.ts";
import { type ExportFile, type ExportModel, exportFiles } from "../../models/export/formats.ts";
import { type PrivacyStatement, statementLines } from "../../models/privacy-statement.ts";
import { boostTask, modelOf as treeModelOf } from "../../models/tasks/boost/boost.ts";
import { contextOf } from "../../models/tasks/context.ts";
import type { TaskContext, TaskProgress } from "../../models/tasks/task.ts";
import { modelOf, trainTask } from "../../models/tasks/train/train.ts";
import { toHex, utf8 } from "../../shared/base/bytes.ts";
import { badInput, type CloisterError } from "../../shared/base/errors.ts";
import type { BoostTask } from "../../shared/charter/boost-spec.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import { isModelTask, type TrainTask } from "../../shared/charter/task-spec.ts";
import { sha256 } from "../../shared/crypto/hash.ts";
import { computedBy } from "../run/computed.ts";
import type { RunSummary } from "../run/events.ts";

export interface ExportInputs {
  readonly charter: Charter;
  readonly run: RunSummary;
  /** The task's last state; null: there is none yet. */
  readonly state: Uint8Array | null;
  readonly statement: PrivacyStatement;
  readonly format: string;
  /** ISO 8601. */
  readonly createdAt: string;
  /** The source of `scorer-reader.ts`, which goes with what it reads. */
  readonly scorerReader: string;
}

/** @throws {CloisterError} If the run has no model, or it cannot be written in the format. */
export function modelFiles(inputs: ExportInputs): readonly ExportFile[] {
  const { charter, run, state, statement, format, createdAt } = inputs;
  const { runId, manifest, status } = run;
  const { task } = manifest;
  if (!isModelTask(task) || !state) throw noModel(run);
  const common = contextOf(charter, manifest);
  const context = { ...common, spec: task };
  const { exported, words, progress } =
    context.spec.kind === "boost"
      ? treesOf({ ...common, spec: context.spec }, state)
      : netOf({ ...common, spec: context.spec }, state);
  const written = exportFiles(exported, format, statement);
  const reader = { name: "scorer.ts", content: inputs.scorerReader };
  const files = format === "scorer" ? [...written, reader] : written;
  const { done: roundsDone, metrics, scores = null } = progress;
  const about = { format, runId, charter, manifest, createdAt, status, ...words };
  const hashed = files.map(({ name, content }) => {
    const bytes = typeof content === "string" ? utf8(content) : content;
    return { name, bytes: bytes.length, sha256: toHex(sha256(bytes)) };
  });
  const engines = computedBy(run).map(({ engine, memberIds }) => {
    return { engine, members: memberIds.length };
  });
  const reached = { roundsDone, metrics, scores, engines };
  const card = modelCard({ ...about, ...reached, statement, files: hashed });
  return [
    ...files,
    { name: "model-card.json", content: `${JSON.stringify(card, null, 2)}\n` },
    { name: "model-card.md", content: cardMarkdown(card) },
    { name: "privacy.json", content: `${JSON.stringify(statement)}\n` },
    { name: "privacy.txt", content: `${statementLines(statement).join("\n")}\n` },
  ];
}

interface Reached {
  readonly exported: ExportModel;
  readonly words: { readonly model: CardModel; readonly bins: number };
  readonly progress: TaskProgress;
}

function netOf(context: TaskContext<TrainTask>, state: Uint8Array): Reached {
  const { schema, spec } = context;
  const reached = trainTask.decodeState(context, state);
  return {
    exported: { kind: "net", model: modelOf(context, reached) },
    words: { model: netInWords(schema, spec), bins: spec.evaluation.bins },
    progress: trainTask.progress(reached),
  };
}

function treesOf(context: TaskContext<BoostTask>, state: Uint8Array): Reached {
  const reached = boostTask.decodeState(context, state);
  const model = treeModelOf(context, reached);
  return {
    exported: { kind: "trees", model },
    words: { model: treesInWords(model), bins: context.spec.evaluation.bins },
    progress: boostTask.progress(reached),
  };
}

/** As the operator's interface hands it over: text as it is, bytes in base64. */
export interface HandedFile {
  readonly name: string;
  readonly text?: string;
  readonly base64?: string;
}

export function handed({ name, content }: ExportFile): HandedFile {
  if (typeof content === "string") return { name, text: content };
  return { name, base64: Buffer.from(content).toString("base64") };
}

export function noModel({ runId, deletedAtMs }: RunSummary): CloisterError {
  const short = runId.slice(0, 12);
  if (deletedAtMs === null) return badInput("model.none", `run ${short} has no model (yet)`);
  const why = "the charter's retentionDays were over";
  return badInput("model.deleted", `the model of run ${short} was deleted when ${why}`);
}
