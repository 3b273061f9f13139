/** EDGE: the operator's and the data scientist's commands. */
import { join } from "node:path";
import type { Command } from "commander";
import { type PrivacyStatement, statementLines } from "../models/privacy-statement.ts";
import { Charter } from "../shared/charter/charter.ts";
import { Plan } from "../shared/charter/manifest.ts";
import { readYaml, writeFileAtomic } from "../shared/edge/files.ts";
import { onStop, print, printJson } from "../shared/edge/terminal.ts";
import { AdminClient } from "./client.ts";
import { CoordinatorConfig } from "./config.ts";
import type { HandedFile } from "./export.ts";
import type { RunEvent, RunSummary } from "./run-events.ts";
import type { LiveEvent } from "./run-ports.ts";
import { CoordinatorService } from "./service.ts";

const CONFIG = ["--config <file>", "the coordinator's configuration", "coordinator.yaml"] as const;
const JSON_OUT = ["--json", "print JSON, for programs"] as const;

interface Common {
  readonly config: string;
  readonly json?: boolean;
}

export function coordinatorCommands(program: Command): void {
  const coordinator = program.command("coordinator").description("run the coordinator");
  example(coordinator.command("start"), "cloister coordinator start --config coordinator.yaml")
    .description("start the coordinator and keep it running")
    .option(...CONFIG)
    .option(...JSON_OUT)
    .action(start);
  const room = program.command("room").description("rooms and their members");
  example(room.command("create"), "cloister room create --charter charter.yaml")
    .description("open a room under a charter")
    .requiredOption("--charter <file>", "the charter, in YAML")
    .option(...CONFIG)
    .option(...JSON_OUT)
    .action(createRoom);
  example(room.command("invite"), "cloister room invite bank-a")
    .description("print a one-time token for a member of the charter")
    .argument("<member>")
    .option("--room <name>", "needed where there are several rooms")
    .option(...CONFIG)
    .option(...JSON_OUT)
    .action(invite);
  runCommands(program.command("run").description("runs: start, watch, list"));
  const model = program.command("model").description("models of completed runs");
  example(model.command("export"), "cloister model export 3f9a --format json --out model")
    .description("write the model of a run to files")
    .argument("<run>", "a run's id, or its beginning")
    .option(
      "--format <format>",
      "json (for cloister score and serve), onnx, tfjs, scorer (JSON, read without a library) or pmml",
      "json",
    )
    .option("--out <folder>", "folder to write to", ".")
    .option(...CONFIG)
    .option(...JSON_OUT)
    .action(exportModel);
}

function runCommands(run: Command): void {
  example(run.command("start"), "cloister run start plan.yaml")
    .description("propose a run to the members; it begins once enough of them approve")
    .argument("<plan>", "the plan, in YAML")
    .option(...CONFIG)
    .option(...JSON_OUT)
    .action(startRun);
  example(run.command("watch"), "cloister run watch 3f9a")
    .description("follow a run to its end; exit code 1 if it fails")
    .argument("<run>", "a run's id, or its beginning")
    .option(...CONFIG)
    .option(...JSON_OUT)
    .action(watchRun);
  example(run.command("cancel"), "cloister run cancel 3f9a")
    .description("take a proposed run back before it begins")
    .argument("<run>", "a run's id, or its beginning")
    .option(...CONFIG)
    .option(...JSON_OUT)
    .action(cancelRun);
  example(run.command("privacy"), "cloister run privacy 3f9a")
    .description("what a run's model says of its privacy, failed attempts counted")
    .argument("<run>", "a run's id, or its beginning")
    .option(...CONFIG)
    .option(...JSON_OUT)
    .action(showPrivacy);
  example(run.command("list"), "cloister run list --json")
    .description("list all runs")
    .option(...CONFIG)
    .option(...JSON_OUT)
    .action(listRuns);
}

function example(command: Command, line: string): Command {
  return command.addHelpText("after", `\nExample:\n  $ ${line}`);
}

async function start({ config: path, json }: Common): Promise<void> {
  const config = readYaml(path, CoordinatorConfig);
  const service = new CoordinatorService(config);
  const port = await service.listen();
  const address = `${config.tls ? "wss" : "ws"}://${config.listen.host}:${port}`;
  if (json) printJson({ type: "listening", address, port });
  else print(`The coordinator listens on ${address}. Stop it with Ctrl-C.`);
  onStop(() => service.close());
}

async function createRoom({
  charter: path,
  config,
  json,
}: Common & { charter: string }): Promise<void> {
  const charter = readYaml(path, Charter);
  const created = await AdminClient.fromConfig(config).post<{ room: string; charterHash: string }>(
    "/v1/rooms",
    charter,
  );
  if (json) printJson(created);
  else
    print(
      `Room "${created.room}" is open; its charter's hash is ${created.charterHash.slice(0, 16)}…\nInvite its members: cloister room invite ${charter.members[0]}`,
    );
}

async function invite(
  memberId: string,
  { room, config, json }: Common & { room?: string },
): Promise<void> {
  const body = { memberId, ...(room === undefined ? {} : { room }) };
  const invited = await AdminClient.fromConfig(config).post<{ token: string }>(
    "/v1/invitations",
    body,
  );
  if (json) printJson(invited);
  else print(invited.token);
}

async function startRun(planPath: string, { config, json }: Common): Promise<void> {
  const plan = readYaml(planPath, Plan);
  const { runId } = await AdminClient.fromConfig(config).post<{ runId: string }>("/v1/runs", plan);
  if (json) printJson({ runId });
  else
    print(
      `Run ${runId.slice(0, 12)} is proposed; it begins once enough members approve. Follow it: cloister run watch ${runId.slice(0, 12)}`,
    );
}

async function cancelRun(run: string, { config, json }: Common): Promise<void> {
  const path = `/v1/runs/${encodeURIComponent(run)}/cancel`;
  const cancelled = await AdminClient.fromConfig(config).post<{ runId: string }>(path, {});
  if (json) printJson(cancelled);
  else print(`Run ${cancelled.runId.slice(0, 12)} is taken back.`);
}

async function watchRun(run: string, { config, json }: Common): Promise<void> {
  const lines = AdminClient.fromConfig(config).lines<RunEvent | LiveEvent>(
    `/v1/runs/${encodeURIComponent(run)}/events`,
  );
  for await (const event of lines) {
    if (json) printJson(event);
    else if (describe(event)) print(describe(event) ?? "");
    if (event.type === "failed" || event.type === "refused") process.exitCode = 1;
  }
}

function describe(event: RunEvent | LiveEvent): string | null {
  switch (event.type) {
    case "roundReleased": {
      const loss = event.loss === null ? "" : `  loss ${event.loss.toFixed(4)}`;
      const metrics = event.metrics
        ? `  ROC-AUC ${event.metrics.rocAuc.toFixed(4)}  PR-AUC ${event.metrics.prAuc.toFixed(4)}`
        : "";
      return `round ${event.round}  ${event.askKind}  survivors ${event.survivors.length}/${event.cohort.length}  ${event.ms} ms${loss}${metrics}`;
    }
    case "attemptAborted":
      return `round ${event.round}  attempt ${event.attempt} aborted: ${event.reason}; trying again`;
    case "declined":
      return `${event.memberId} declines: ${event.reasons.map(({ message }) => message).join("; ")}`;
    case "decided": {
      const { memberId, decision, reasons } = event.decision;
      const why = reasons.map(({ message }) => message).join("; ");
      return `${memberId} ${decision === "refused" ? "cannot take part" : decision}${why && `: ${why}`}`;
    }
    case "begun":
      return "Enough members approved; the run begins.";
    case "refused":
      return `The run will not be: it is ${event.code}.`;
    case "completed":
      return "The run is complete.";
    case "failed":
      return `The run failed: ${event.reason}`;
    case "joined":
    case "left":
      return `${event.memberId} ${event.type} (${event.joined} there)`;
    default:
      return null;
  }
}

async function listRuns({ config, json }: Common): Promise<void> {
  const runs =
    await AdminClient.fromConfig(config).get<
      (Pick<RunSummary, "runId" | "status"> & { room: string; task: string; rounds: number })[]
    >("/v1/runs");
  if (json) return printJson(runs);
  if (runs.length === 0) print("No run yet.");
  for (const { runId, room, task, status, rounds } of runs)
    print(`${runId.slice(0, 12)}  ${room}  ${task}  ${status}  ${rounds} rounds`);
}

async function showPrivacy(run: string, { config, json }: Common): Promise<void> {
  const path = `/v1/runs/${encodeURIComponent(run)}/privacy`;
  const statement = await AdminClient.fromConfig(config).get<PrivacyStatement>(path);
  if (json) printJson(statement);
  else for (const line of statementLines(statement)) print(line);
}

async function exportModel(
  run: string,
  { format, out, config, json }: Common & { format: string; out: string },
): Promise<void> {
  const path = `/v1/runs/${encodeURIComponent(run)}/model?format=${encodeURIComponent(format)}`;
  const files = await AdminClient.fromConfig(config).get<HandedFile[]>(path);
  const written = files.map(({ name, text, base64 }) => {
    const target = join(out, name);
    writeFileAtomic(target, text ?? Buffer.from(base64 ?? "", "base64"));
    return target;
  });
  if (json) printJson({ files: written });
  else print(`Wrote ${written.join(" and ")}.`);
}
