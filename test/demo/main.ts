/** EDGE: `npm run demo`: a coordinator and bank agents as processes of their own train a fraud model. */

import { mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import type { RoundReleased, RunEvent, RunSummary } from "../../coordinator/run/events.ts";
import type { LiveEvent } from "../../coordinator/run/ports.ts";
import { defaultTrainTask } from "../../models/tasks/defaults.ts";
import { roundCounts } from "../../models/tasks/train/shape.ts";
import { counted } from "../../shared/base/counted.ts";
import { CloisterError } from "../../shared/base/errors.ts";
import { approvalsRequired } from "../../shared/charter/governance.ts";
import type { TrainTask } from "../../shared/charter/task-spec.ts";
import { writeFileAtomic } from "../../shared/edge/files.ts";
import { Progress } from "../../shared/edge/progress.ts";
import { reportAndExit } from "../../shared/edge/terminal.ts";
import { twoThirds } from "../../shared/secagg/params.ts";
import { type RoomProcesses, startRoom } from "../support/processes.ts";
import { type DemoRoom, trainingEpsilon } from "./charter.ts";
import { type DemoOptions, parseOptions, USAGE } from "./options.ts";
import { exportPack } from "./pack.ts";
import { askQuestions, type QuestionReport } from "./question.ts";
import { references } from "./references.ts";
import { type DemoReport, reportTable } from "./report.ts";
import { demoRoom } from "./room.ts";

/** Training rounds where the person names none. */
const ROUNDS_UNNOISED = 250;
const ROUNDS_NOISED = 150;
const PATIENCE = { workSeconds: 300, stepSeconds: 20, graceSeconds: 0.3, startSeconds: 60 };

async function demo(options: DemoOptions): Promise<void> {
  const beganAt = performance.now();
  const progress = new Progress(process.stdout);
  const folder = resolve(options.out);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const task = trainTaskFor(options);
  const room = await demoRoom(options, task, folder);
  for (const note of room.notes) progress.say(note);
  progress.say(
    `Starting a coordinator and ${room.members.length} agents, each its own process, folder, keys and vault …`,
  );
  const data = new Map(room.members.map(({ memberId, path }) => [memberId, path]));
  // As many members approve by rules of their own as must; the others' agents ask a person, and take part nevertheless.
  const approving = room.charter.members.slice(0, approvalsRequired(room.charter));
  const approves = (memberId: string): boolean => approving.includes(memberId);
  const setup = { folder, charter: room.charter, data, patience: PATIENCE, approves };
  const processes = await startRoom(setup);
  try {
    const watched = await train(options, task, room, processes, progress);
    const modelPath = join(folder, "model.json");
    const [model] = await processes.client.get<{ text: string }[]>(
      `/v1/runs/${watched.runId}/model?format=json`,
    );
    const modelText = model?.text ?? "";
    writeFileAtomic(modelPath, modelText);
    progress.say("Asking questions of all banks' tables, as an analyst would …");
    const questions = await askQuestions(processes, room.charter);
    const killed = await seenAgain(watched.killed, questions, processes, progress);
    progress.say("Exporting the regulator's pack, and checking it as a regulator would …");
    const pack = await exportPack(processes, room.charter.members, folder);
    progress.say(
      "Training each bank's own model and, as only a demo can, one on all records together …",
    );
    const reference = await references(room, task, modelText);
    const report: DemoReport = {
      durationS: Math.round((performance.now() - beganAt) / 100) / 10,
      rounds: watched.rounds.map(briefRound),
      members: room.members.map(({ memberId: id, rowCount: rows }, i) => ({
        id,
        rows,
        own: reference.own[i] ?? null,
      })),
      consortium: reference.consortium,
      consortiumSecure: watched.rounds.findLast(({ metrics }) => metrics)?.metrics ?? null,
      pooled: reference.pooled,
      privacy: privacyOf(options, room, watched.epsilonSpent),
      killed,
      approved: { by: watched.approvedBy, required: approving.length },
      questions,
      pack,
      bytesPerAgent: watched.bytesPerAgent,
      modelPath,
    };
    finish(options, report, room, progress);
  } finally {
    await processes.close();
  }
}

function trainTaskFor({ epsilon, rounds, seed }: DemoOptions): TrainTask {
  const task = defaultTrainTask({
    noised: epsilon !== null,
    rounds: rounds ?? (epsilon === null ? ROUNDS_UNNOISED : ROUNDS_NOISED),
  });
  const everyRounds = epsilon === null ? 50 : null;
  const strategyOf = epsilon === null ? unnoisedStrategy : noisedStrategy;
  return {
    ...task,
    model: { ...task.model, hidden: epsilon === null ? [32, 16] : [32], seed },
    strategy: strategyOf(task.strategy.rounds),
    evaluation: { ...task.evaluation, everyRounds },
  };
}

/** Plain, large steps: better on these banks than the defaults (docs/models.md, "Defaults that work"). */
function noisedStrategy(rounds: number): TrainTask["strategy"] {
  return {
    kind: "dpSgd",
    rounds,
    samplingProbability: 0.05,
    clipNorm: 1,
    rowsPerUnitMax: 16,
    optimizer: "momentum",
    learningRate: 6,
    momentum: 0,
  };
}

/**
 * One optimiser step a round on the sum of everybody's gradients: what a pooled training would do, however
 * different the members' records are. (fedAvg drifts where each bank knows other patterns.)
 */
function unnoisedStrategy(rounds: number): TrainTask["strategy"] {
  const clip = { clipNorm: 2, rowsPerUnitMax: 16 };
  return {
    kind: "dpSgd",
    rounds,
    samplingProbability: 0.1,
    ...clip,
    optimizer: "adam",
    learningRate: 0.01,
    momentum: 0.9,
  };
}

interface Watched {
  readonly runId: string;
  readonly approvedBy: readonly string[];
  readonly rounds: readonly RoundReleased[];
  readonly killed: DemoReport["killed"];
  readonly epsilonSpent: number | null;
  readonly bytesPerAgent: number;
}

async function train(
  options: DemoOptions,
  task: TrainTask,
  room: DemoRoom,
  processes: RoomProcesses,
  progress: Progress,
): Promise<Watched> {
  const meters = new Map<string, number[]>();
  let epsilonSpent: number | null = null;
  const meter = (memberId: string): void => {
    const lives = meters.get(memberId) ?? [];
    meters.set(memberId, lives);
    const life = lives.push(0) - 1;
    processes.agents.get(memberId)?.onLine((line) => {
      if (typeof line["bytesSent"] === "number") lives[life] = line["bytesSent"];
      if (typeof line["epsilonSpent"] === "number")
        epsilonSpent = Math.max(epsilonSpent ?? 0, line["epsilonSpent"]);
    });
  };
  for (const { memberId } of room.members) meter(memberId);
  const { epsilon } = options;
  const privacy = epsilon === null ? "none" : { epsilon: trainingEpsilon(epsilon) };
  const plan = { task, privacy };
  const { runId } = await processes.client.post<{ runId: string }>("/v1/runs", plan);
  progress.say(
    `Run ${runId.slice(0, 12)} is proposed: ${approvalsRequired(room.charter)} of ${room.members.length} members must sign it; every agent checks charter, roster and its own ledger.`,
  );
  const victim = victimOf(options, room, progress);
  // Early: rounds are short beside the start of a process, and it is to be back before the end.
  const killRound = Math.max(2, Math.floor(task.strategy.rounds * 0.15));
  let killed: DemoReport["killed"] = null;
  let restarted: Promise<void> = Promise.resolve();
  let isRestarted = false;
  const counts = roundCounts({ spec: task, schema: room.charter.schema });
  const total = counts.moments + counts.training + counts.evaluation;
  for await (const event of processes.client.lines<RunEvent | LiveEvent>(
    `/v1/runs/${runId}/events`,
  )) {
    if (event.type === "failed")
      throw new CloisterError("demo.run-failed", `the run failed: ${event.reason}`);
    if (event.type === "decided")
      progress.say(`  ${event.decision.memberId} ${event.decision.decision} the manifest`);
    if (event.type === "declined")
      progress.say(
        `  ${event.memberId} declines: ${event.reasons.map(({ message }) => message).join("; ")}`,
      );
    if (event.type === "attemptAborted")
      progress.say(`  round ${event.round}: aborted (${event.reason}), asked again`);
    if (
      event.type === "phase" &&
      event.phase === "work" &&
      event.round === killRound &&
      victim &&
      !killed
    ) {
      processes.agents.get(victim)?.kill("SIGKILL");
      killed = { id: victim, round: killRound, survivors: 0, cameBack: false };
      progress.say(`  round ${killRound}: ${victim} is killed (SIGKILL) at its work …`);
    }
    if (event.type !== "roundReleased") continue;
    if (killed && killed.survivors === 0 && event.round === killRound && victim) {
      const { length } = event.survivors;
      killed = { ...killed, survivors: length };
      progress.say(
        `  round ${killRound}: completed with ${length} of ${room.members.length}; ${victim} is started again`,
      );
      restarted = processes.startAgent(victim).then(() => {
        isRestarted = true;
        meter(victim);
      });
    }
    if (killed && !killed.cameBack && isRestarted && victim && event.survivors.includes(victim)) {
      killed = { ...killed, cameBack: true };
      progress.say(`  round ${event.round}: ${victim} is back among the survivors`);
    }
    const spent = epsilonSpent === null ? "" : `  ε ${(epsilonSpent as number).toFixed(2)}`;
    const loss = event.loss === null ? "" : `  loss ${event.loss.toFixed(4)}`;
    progress.update(
      event.round + 1,
      total,
      `${event.askKind}  survivors ${event.survivors.length}/${room.members.length}  ${event.ms} ms${loss}${spent}`,
    );
  }
  await restarted;
  const { rounds, decisions } = await processes.client.get<RunSummary>(`/v1/runs/${runId}`);
  const approvedBy = decisions
    .filter(({ decision }) => decision === "approved")
    .map(({ memberId }) => memberId);
  const perAgent = [...meters.values()].map((lives) =>
    lives.reduce((sum, bytes) => sum + bytes, 0),
  );
  const bytesPerAgent = Math.round(
    perAgent.reduce((sum, bytes) => sum + bytes, 0) / perAgent.length,
  );
  return { runId, approvedBy, rounds, killed, epsilonSpent, bytesPerAgent };
}

/** On a slow machine a process may start for longer than a run lasts: then it is back for the first question. */
async function seenAgain(
  killed: Watched["killed"],
  questions: readonly QuestionReport[],
  { client }: RoomProcesses,
  progress: Progress,
): Promise<Watched["killed"]> {
  if (!killed || killed.cameBack) return killed;
  const { id } = killed;
  for (const { runId } of questions) {
    const { rounds } = await client.get<RunSummary>(`/v1/runs/${runId}`);
    if (!rounds.some(({ survivors }) => survivors.includes(id))) continue;
    progress.say(`  ${id} is back: it has a part in the answer of run ${runId.slice(0, 12)}`);
    return { ...killed, cameBack: true };
  }
  return killed;
}

/** Nobody is killed where the protocol, or the noise, tolerates no drop-out. */
function victimOf(
  { kill, epsilon }: DemoOptions,
  { members }: DemoRoom,
  progress: Progress,
): string | null {
  const tolerated = members.length - twoThirds(members.length);
  if (!kill) return null;
  if (tolerated < 1 || (epsilon !== null && members.length < 5)) {
    progress.say(
      `  ${members.length} members tolerate no drop-out${epsilon === null ? "" : " under noise"}, so nobody is killed.`,
    );
    return null;
  }
  return members[Math.min(2, members.length - 1)]?.memberId ?? null;
}

function briefRound({
  round,
  askKind,
  cohort,
  survivors,
  ms,
  loss,
}: RoundReleased): DemoReport["rounds"][number] {
  return { round, kind: askKind, cohort: cohort.length, survivors: survivors.length, ms, loss };
}

function privacyOf(
  { epsilon }: DemoOptions,
  room: DemoRoom,
  spent: number | null,
): DemoReport["privacy"] {
  const unit = room.charter.schema.unit?.column ?? "row";
  if (epsilon === null) {
    const statement =
      "Secure aggregation only: nobody sees one member's update, but the sums and the model carry no differential privacy.";
    return { unit, epsilon: null, delta: null, statement };
  }
  const delta = room.charter.privacy.budget?.delta ?? null;
  const statement = `(ε = ${spent?.toFixed(3)}, δ = ${delta}) per ${unit} within one member; noise shared out among the agents, accounted by RDP.`;
  return { unit, epsilon: spent, delta, statement };
}

function sayQuestion(
  { command, epsilon, budgetShare, lines }: QuestionReport,
  progress: Progress,
): void {
  progress.say(`Asked        ${command}`);
  if (epsilon !== null)
    progress.say(`             it took ${(100 * budgetShare).toFixed(1)} % of the budget`);
  for (const line of lines) progress.say(line === "" ? "" : `  ${line}`);
  progress.say("");
}

function finish(
  options: DemoOptions,
  report: DemoReport,
  room: DemoRoom,
  progress: Progress,
): void {
  progress.say("");
  progress.say(`On the held-out rows of all members together:`);
  progress.say(reportTable(report));
  progress.say("");
  for (const question of report.questions) sayQuestion(question, progress);
  progress.say(`Privacy      ${report.privacy.statement}`);
  progress.say(
    `Sent         ${(report.bytesPerAgent / 1e6).toFixed(2)} MB per agent in ${counted(report.rounds.length, "round")}`,
  );
  progress.say(
    `Signed by    ${report.approved.by.join(", ")} (${report.approved.required} had to)`,
  );
  progress.say(`Model        ${report.modelPath}`);
  progress.say(
    `Score rows   npx cloister score ${report.modelPath} --input ${room.members[0]?.path}`,
  );
  const { path, bytes, isWhole, findsChange } = report.pack;
  const found = isWhole && findsChange ? "whole; one changed byte is found" : "NOT AS IT SHOULD BE";
  progress.say(`Pack         ${path} (${(bytes / 1000).toFixed(0)} kB): ${found}`);
  progress.say(`Check it     npx cloister audit verify ${path}`);
  progress.say(`Took         ${report.durationS} s`);
  if (options.json !== null)
    writeFileAtomic(resolve(options.json), `${JSON.stringify(report, null, 2)}\n`);
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options === "help") process.stdout.write(`${USAGE}\n`);
  else await demo(options);
} catch (error) {
  reportAndExit(error, false);
}
