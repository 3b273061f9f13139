/** EDGE: a preview as lines for a terminal; a time is shown as a date. */

import { askedText } from "../../models/tasks/query-words.ts";
import { counted } from "../../shared/base/counted.ts";
import { rulingLines } from "../../shared/charter/policy/ruling-lines.ts";
import type { AskPreview } from "./asks.ts";
import type { PartitionCost } from "./cost.ts";
import type { Preview } from "./preview.ts";
import type { Sample } from "./sample.ts";

export function previewLines(preview: Preview): string[] {
  const { asks, besides, costs, sample, ownNotes } = preview;
  return [
    ...headLines(preview),
    "",
    "Rules",
    ...rulingLines(preview.rulings),
    "",
    ...dataLines(preview),
    "",
    "What would be sent, masked",
    ...asks.flatMap((ask) => askLines(ask, preview)),
    ...(besides.length === 0 ? totalLines(asks) : besides.map((line) => `  ${line}`)),
    "",
    "What it costs",
    ...(costs.length === 0 ? [`  ${NO_COST}`] : costs.flatMap(costLines)),
    "",
    "Who sees what",
    ...sightLines(preview),
    ...(sample === null ? [] : ["", ...sampleLines(sample)]),
    ...(ownNotes.length === 0 ? [] : ["", OWN, ...ownNotes.map((note) => `  ${note}`)]),
  ];
}

const OWN = "Of this member's own records: THIS STAYS ON THIS SCREEN";
const NO_COST = "no ε: the run carries no guarantee per unit, and no budget speaks of it";

function headLines({ runId, memberId, manifest }: Preview): string[] {
  const { task, purpose, privacy, expiresAtMs } = manifest;
  const noise = privacy ? `ε ${privacy.epsilon}, δ ${privacy.delta}` : "no noise";
  const asked = askedText(task);
  const why = purpose === undefined ? "" : `, for ${purpose}`;
  return [
    `Run ${runId}`,
    `  ${task.kind}, ${noise}${why}; seen by ${memberId}; may begin until ${utcMinute(expiresAtMs)}`,
    ...(asked === null ? [] : [`  asks ${asked}`]),
  ];
}

function dataLines({ columns, data, unsettledRows, manifest }: Preview): string[] {
  const size = (side: "train" | "holdout"): string =>
    `${side} ${counted(data[side].rows, "row")} of ${counted(data[side].units, "unit")}`;
  const waiting =
    unsettledRows === 0
      ? ""
      : `; ${counted(unsettledRows, "row waits", "rows wait")} for the label`;
  const none = manifest.task.kind === "probe" ? "none: it sums up zeros" : "none";
  return [
    "Records",
    `  read    ${columns.read.join(", ") || none}`,
    `  summed  ${columns.summed.join(", ") || "no column's own values"}`,
    ...(columns.groupedBy.length === 0 ? [] : [`  by      ${columns.groupedBy.join(", ")}`]),
    ...(columns.matchedBy.length === 0 ? [] : [`  match   ${columns.matchedBy.join(", ")}`]),
    `  there   ${size("train")}, ${size("holdout")}${waiting}`,
  ];
}

function askLines(ask: AskPreview, { manifest }: Preview): string[] {
  const { kind, partition, count, answersMax, dimension, wireDimension, ringBits } = ask;
  const where = partition === "all" ? "train and holdout" : partition;
  const of = manifest.task.kind === "probe" ? "" : ` on ${where}`;
  const padded = wireDimension === dimension ? "" : ` (${wireDimension} on the wire)`;
  const size = `${counted(dimension, "number")}${padded} of ${ringBits} bits`;
  return [
    `  ${kind}${of}: ${times(count)}, with failed attempts at most ${answersMax}`,
    `    ${size}: ${bytes(ask.bytesPerRound)} a round; ${ask.encoding}`,
    `    ${boundText(ask)}`,
    `    ${noiseText(ask)}`,
  ];
}

function boundText({ bound }: AskPreview): string {
  if (bound.kind === "unit") return `one unit moves it by at most ${short(bound.l2Norm)} (ℓ2)`;
  const norm = bound.l2Norm === null ? "" : `, its ℓ2 norm at most ${short(bound.l2Norm)}`;
  return `each of this member's numbers is at most ${short(bound.magnitude)}${norm}`;
}

const ADDED_BY = {
  distributed: "by all members together",
  local: "by each member for itself",
  central: "by the coordinator, which sees the exact sum",
} as const;

function noiseText({ noise }: AskPreview): string {
  if (noise === null) return "no noise: only the masks hide it, and what the sum tells is told";
  const { stdDev, multiplier, addedBy, samplingProbability: q } = noise;
  const sampled = q === 1 ? "all units" : `a random ${percent(q)} of the units`;
  const size = `σ ≥ ${short(stdDev)} in the sum (${short(multiplier)} times that bound)`;
  return `noise ${size}, added ${ADDED_BY[addedBy]}; ${sampled} a round`;
}

function totalLines(asks: readonly AskPreview[]): string[] {
  const total = asks.reduce((sum, { count, bytesPerRound }) => sum + count * bytesPerRound, 0);
  const rounds = asks.reduce((sum, { count }) => sum + count, 0);
  return rounds === 0 ? ["  nothing"] : [`  in all ${times(rounds)}, ${bytes(total)}`];
}

function costLines({ partition, answers, budgets }: PartitionCost): string[] {
  const title = `  ${partition}: ${counted(answers, "noised answer")}`;
  if (budgets.length === 0) return [`${title}; no budget pays`];
  return [
    title,
    ...budgets.map(
      ({ epsilon, delta, rdpOrder, runEpsilon, spentBefore, spentAfter, shareLeft, fits }) =>
        `    ε ${fixed(runEpsilon)} by itself; other runs spent ${fixed(spentBefore)}, with it ${fixed(spentAfter)} of ${epsilon}` +
        ` (δ ${delta}, order ${rdpOrder}); ${fits ? leftText(shareLeft) : "NOT ENOUGH"}`,
    ),
  ];
}

const leftText = (share: number): string =>
  share < 0.001 ? "less than 0.1 % left" : `${percent(share)} left`;

function sightLines({ receivers, survivorsMin, manifest, asks, besides }: Preview): string[] {
  const named = receivers
    ? [`models: ${receivers.models.join(", ")}`, `metrics: ${receivers.metrics.join(", ")}`]
    : ["the charter names nobody: whoever operates the coordinator, and whom it hands them to"];
  const receive = `  results go to  ${named.join("; ")}`;
  if (asks.length === 0 && besides.length > 0)
    return [
      receive,
      "  hidden         which identifiers these are, and who has which of them",
      "  not hidden     that it takes part; from the counts, whether one invented customer is a member's",
    ];
  return [
    receive,
    `  hidden         this member's vector: the coordinator opens sums of at least ${survivorsMin} of ${manifest.roster.length} members`,
    `  not hidden     that it takes part, the sums and the model. From a sum of ${survivorsMin} the other ${survivorsMin - 1} together can subtract their own`,
  ];
}

function sampleLines(sample: Sample): string[] {
  const { askKind, isDrawn, whole, encoded, parts, partsLeftOut, notes } = sample;
  const drawn = isDrawn
    ? "; units and noise were drawn for this preview, the run draws others"
    : "";
  const rows = parts.map(({ name, offset, length, first, smallest, largest, l2Norm }) => [
    name,
    length === 1 ? `${offset}` : `${offset}–${offset + length - 1}`,
    first.map(short).join(" ") + (length > first.length ? " …" : ""),
    short(smallest),
    short(largest),
    short(l2Norm),
  ]);
  const header = ["part", "place", "begins with", "smallest", "largest", "norm"];
  const range = ({ smallest, largest, l2Norm }: Sample["whole"]): string =>
    `${short(smallest)} … ${short(largest)}, norm ${short(l2Norm)}`;
  return [
    "Real numbers of this member, before masking: THEY STAY ON THIS SCREEN",
    `  the first ask, ${askKind}${drawn}`,
    `  whole    ${range(whole)}`,
    ...tableLines([header, ...rows]),
    ...(partsLeftOut === 0 ? [] : [`  and ${partsLeftOut} parts more`]),
    `  encoded  ${range(encoded)}; begins with ${encoded.first.join(" ")} …`,
    ...notes.map((note) => `  ${note}`),
  ];
}

function tableLines(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  return rows.map((row) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd(),
  );
}

const short = (value: number): string => String(Number(value.toPrecision(3)));
const fixed = (epsilon: number): string => epsilon.toFixed(3);
const percent = (share: number): string => `${Number((100 * share).toPrecision(3))} %`;
const times = (count: number): string => counted(count, "round");
const utcMinute = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16)}Z`;

function bytes(count: number): string {
  if (count < 1000) return counted(count, "byte");
  return count < 1e6 ? `${(count / 1e3).toFixed(1)} kB` : `${(count / 1e6).toFixed(1)} MB`;
}
