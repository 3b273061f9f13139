/** A model card for people: Markdown. Pure. Charters are written by people, so their texts are quoted, not trusted. */
import type { Feature } from "../../shared/charter/schema.ts";
import { statementLines } from "../privacy-statement.ts";
import { type CardMetric, type ModelCard, scoresAnomalies } from "./card.ts";

/** More categories than this are counted, not listed. */
const CATEGORIES_LISTED = 20;

const METRICS: Readonly<Record<CardMetric["name"], string>> = {
  rocAuc: "ROC-AUC",
  prAuc: "PR-AUC (average precision)",
  recallAt1pctFpr: "recall at 1 % false positives",
  recallAt5pctFpr: "recall at 5 % false positives",
};

export function cardMarkdown(card: ModelCard): string {
  const { run, model, schema, privacy, limits, files } = card;
  const { label, unit } = schema;
  const meaning = scoresAnomalies(card.task)
    ? `It scores how unlike the training rows a row is, which it learned without labels: an anomaly score, no probability. ${code(label.column)} = ${code(label.positive)} served only to measure it.`
    : `It predicts ${code(label.column)} = ${code(label.positive)}.`;
  const lines = [
    `# Model card: ${quoted(run.room)}`,
    "",
    quoted(run.purpose),
    "",
    ...table(
      ["", ""],
      [
        ["run", code(run.id)],
        ["begun, status", `${run.createdAt}, ${run.status}`],
        ["members", String(run.members)],
        ["rounds done", String(run.roundsDone)],
        ["model", `${model.kind}; ${model.size}`],
        ["training", model.training],
        ...engineRows(card),
        ["format", card.format],
      ],
    ),
    "",
    "## How good it is",
    "",
    ...metricLines(card),
    ...spreadLines(card),
    "",
    "## Privacy",
    "",
    ...statementLines(privacy).map((line) => `- ${quoted(line.trim())}`),
    "",
    "## What it reads",
    "",
    `${meaning} One unit of privacy is ${unit ? `all rows of one ${code(unit.column)}` : "one row"}.`,
    "",
    ...table(["feature", "type", "values", "unknown"], schema.features.map(featureRow)),
    "",
    "## Limits",
    "",
    ...limits.map((limit) => `- ${limit}`),
    "",
    "## Files",
    "",
    ...table(
      ["file", "bytes", "SHA-256"],
      files.map(({ name, bytes, sha256 }) => [name, String(bytes), code(sha256)]),
    ),
  ];
  return `${lines.join("\n")}\n`;
}

function engineRows({ engines = [] }: ModelCard): string[][] {
  const at = engines.map(
    ({ engine, members }) =>
      `${code(engine)} at ${members} ${members === 1 ? "member" : "members"}`,
  );
  return at.length === 0 ? [] : [["computed by, as members said", at.join(", ")]];
}

function metricLines({ metrics, scores, evaluated, holdoutFraction }: ModelCard): string[] {
  if (metrics === null && scores)
    return [
      "How well it finds what is looked for is not known: too few held-back rows have a label.",
    ];
  if (metrics === null)
    return [
      "Not known: the run has not been evaluated, or too few held-back rows are of one class to tell it (under noise, more are needed).",
    ];
  const rows = metrics.map(({ name, value, interval }) => [
    METRICS[name],
    value.toFixed(4),
    interval ? `${interval.low.toFixed(4)} to ${interval.high.toFixed(4)}` : "not known",
  ]);
  const counts = evaluated
    ? `${evaluated.positives} positive and ${evaluated.negatives} negative rows`
    : "a number of rows that is not known";
  return [
    ...table(["metric", "value", "95 % interval"], rows),
    "",
    `On ${counts}, held back by the members (a share of ${holdoutFraction} of their units). The interval is Hanley and McNeil's.`,
  ];
}

function spreadLines({ scores }: ModelCard): string[] {
  if (!scores) return [];
  const [p50, p90, p99] = [scores.p50, scores.p90, scores.p99].map((score) => score.toFixed(3));
  const rows = Math.round(scores.rows);
  const spread = `half of the scores are below ${p50}, 90 % below ${p90}, 99 % below ${p99}`;
  return ["", `Of ${rows} held-back rows ${spread}.`];
}

function featureRow(feature: Feature): string[] {
  if (feature.type === "number") {
    const { name, min, max, transform, missing } = feature;
    const values = `${min} to ${max}${transform === "log" ? ", logarithmic" : ""}`;
    return [code(name), "number", values, missing === "indicator" ? "allowed" : "refused"];
  }
  const { name, categories } = feature;
  const listed =
    categories.length > CATEGORIES_LISTED
      ? `${categories.length} categories`
      : categories.map(code).join(", ");
  return [code(name), "category", listed, "any other text is one category"];
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)];
}

/** On one line, and nothing in it is mark-up. */
function quoted(text: string): string {
  return text.replaceAll(/\s+/g, " ").replaceAll(/[\\`*_{}[\]<>#|&!]/g, "\\$&");
}

/** In a span of code; a fence longer than any run of backticks within. */
function code(text: string): string {
  const plain = text.replaceAll(/\s+/g, " ").replaceAll("|", "\\|");
  const longest = Math.max(0, ...(plain.match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  return longest > 0 ? `${fence} ${plain} ${fence}` : `${fence}${plain}${fence}`;
}
