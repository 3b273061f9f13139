/** EDGE: the operator's and the data scientist's commands. */

import { join } from "node:path";
import type { Command } from "commander";
import type { PrivacyStatement } from "../../models/privacy-statement.ts";
import { counted } from "../../shared/base/counted.ts";
import { CloisterError, EXIT } from "../../shared/base/errors.ts";
import { Charter } from "../../shared/charter/charter.ts";
import type { Manifest } from "../../shared/charter/manifest.ts";
import { readYaml, writeFileAtomic } from "../../shared/edge/files.ts";
import { readPlanRequest } from "../../shared/edge/plan-file.ts";
import { onStop, print, printJson } from "../../shared/edge/terminal.ts";
import { isLast, type RunEvent } from "../run/events.ts";
import type { LiveEvent } from "../run/ports.ts";
import type { RunLine } from "../run/views.ts";
import { amendCommand } from "./amend.ts";
import { answerCommand, askCommand } from "./ask/command.ts";
import { CoordinatorClient } from "./client.ts";
import { readCoordinatorConfig } from "./config-file.ts";
import type { HandedFile } from "./export.ts";
import { asking, type Common, example, JSON_OUT } from "./options.ts";
import { showRoom } from "./room-show.ts";
import { eventLine } from "./run-lines.ts";
import { showRun } from "./run-show.ts";
import { accessCommands } from "./token.ts";

export function coordinatorCommands(program: Command): void {
  const coordinator = program.command("coordinator").description("run the coordinator");
  example(coordinator.command("start"), "cloister coordinator start --config coordinator.yaml")
    .description("start the coordinator and keep it running")
    .option("--config <file>", "the coordinator's configuration", "coordinator.yaml")
    .option(...JSON_OUT)
    .action(start);
  const room = program.command("room").description("rooms and their members");
  example(asking(room.command("create")), "cloister room create --charter charter.yaml")
    .description("open a room under a charter")
    .requiredOption("--charter <file>", "the charter, in YAML")
    .action(createRoom);
  example(asking(room.command("invite")), "cloister room invite bank-a")
    .description("print a one-time token for a member of the charter")
    .argument("<member>")
    .option("--room <name>", "needed where there are several rooms")
    .action(invite);
  example(asking(room.command("show")), "cloister room show")
    .description("who is enrolled with which key, connected, and has confirmed which roster")
    .option("--room <name>", "needed where there are several rooms")
    .action(showRoom);
  amendCommand(room);
  accessCommands(program);
  askCommand(program);
  runCommands(program.command("run").description("runs: propose, watch, list, cancel"));
  const model = program.command("model").description("models of completed runs");
  example(asking(model.command("export")), "cloister model export 3f9a --format json --out model")
    .description("write the model of a run to files")
    .argument("<run>", "a run's id, or its beginning")
    .option(
      "--format <format>",
      "json (for cloister score and serve), onnx, tfjs, scorer (JSON, read without a library) or pmml",
      "json",
    )
    .option("--out <folder>", "folder to write to", ".")
    .action(exportModel);
}

function runCommands(run: Command): void {
  example(asking(run.command("start")), "cloister run start plan.yaml")
    .description("propose a run to the members; it begins once enough of them approve")
    .argument("<plan>", "the plan, in YAML")
    .action(startRun);
  example(asking(run.command("watch")), "cloister run watch 3f9a")
    .description("follow a run to its end; exit code 1 if it fails")
    .argument("<run>", "a run's id, or its beginning")
    .action(watchRun);
  example(asking(run.command("cancel")), "cloister run cancel 3f9a")
    .description("take a proposed run back, or end one that is under way")
    .argument("<run>", "a run's id, or its beginning")
    .action(cancelRun);
  example(asking(run.command("show")), "cloister run show 3f9a")
    .description("one run: where it stands, who approved it, whether its model is released")
    .argument("<run>", "a run's id, or its beginning")
    .action(showRun);
  example(asking(run.command("privacy")), "cloister run privacy 3f9a")
    .description("what a run's model says of its privacy, failed attempts counted")
    .argument("<run>", "a run's id, or its beginning")
    .action(showPrivacy);
  answerCommand(run);
  example(asking(run.command("list")), "cloister run list --json")
    .description("list all runs")
    .action(listRuns);
}

async function start({ config: path, json }: Pick<Common, "config" | "json">): Promise<void> {
  const config = readCoordinatorConfig(path);
  const { CoordinatorService } = await import("../service.ts"); // No other command needs all of it.
  const service = new CoordinatorService(config);
  const port = await service.listen();
  onStop(() => service.close()); // Before anybody can know that it is there.
  const address = `${config.tls ? "wss" : "ws"}://${config.listen.host}:${port}`;
  if (json) printJson({ type: "listening", address, port });
  else print(`The coordinator listens on ${address}. Stop it with Ctrl-C.`);
}

async function createRoom({
  charter: path,
  json,
  ...connection
}: Common & { charter: string }): Promise<void> {
  const charter = readYaml(path, Charter);
  const created = await CoordinatorClient.from(connection).post<{
    room: string;
    charterHash: string;
  }>("/v1/rooms", charter);
  if (json) printJson(created);
  else
    print(
      `Room "${created.room}" is open; its charter's hash is ${created.charterHash.slice(0, 16)}…\nInvite its members: cloister room invite ${charter.members[0]}`,
    );
}

async function invite(
  memberId: string,
  { room, json, ...connection }: Common & { room?: string },
): Promise<void> {
  const body = { memberId, ...(room === undefined ? {} : { room }) };
  const invited = await CoordinatorClient.from(connection).post<{ token: string }>(
    "/v1/invitations",
    body,
  );
  if (json) printJson(invited);
  else print(invited.token);
}

async function startRun(planPath: string, { json, ...connection }: Common): Promise<void> {
  const plan = readPlanRequest(planPath);
  const { runId } = await CoordinatorClient.from(connection).post<{ runId: string }>(
    "/v1/runs",
    plan,
  );
  if (json) printJson({ runId });
  else
    print(
      `Run ${runId.slice(0, 12)} is proposed; it begins once enough members approve. Follow it: cloister run watch ${runId.slice(0, 12)}`,
    );
}

async function cancelRun(run: string, { json, ...connection }: Common): Promise<void> {
  const path = `/v1/runs/${encodeURIComponent(run)}/cancel`;
  const cancelled = await CoordinatorClient.from(connection).post<{ runId: string }>(path, {});
  if (json) printJson(cancelled);
  else print(`Run ${cancelled.runId.slice(0, 12)} is cancelled.`);
}

async function watchRun(run: string, { json, ...connection }: Common): Promise<void> {
  const lines = CoordinatorClient.from(connection).lines<RunEvent | LiveEvent>(
    `/v1/runs/${encodeURIComponent(run)}/events`,
  );
  let hasEnded = false;
  let manifest: Manifest | null = null;
  for await (const event of lines) {
    if (event.type === "created") manifest = event.manifest;
    if (json) printJson(event);
    else {
      const line = eventLine(event, manifest);
      if (line !== null) print(line);
    }
    if (event.type === "failed" || event.type === "refused") process.exitCode = EXIT.failed;
    hasEnded ||= isLast(event.type);
  }
  if (hasEnded) return;
  const message = "the coordinator told no more before the run's end; is the token still good?";
  throw new CloisterError("run.not-heard", message);
}

async function listRuns({ json, ...connection }: Common): Promise<void> {
  const runs = await CoordinatorClient.from(connection).get<RunLine[]>("/v1/runs");
  if (json) return printJson(runs);
  if (runs.length === 0) print("No run yet.");
  for (const { runId, room, task, status, reason, rounds, startedBy } of runs) {
    const by = startedBy ? `  by ${startedBy.name} (token ${startedBy.tokenId})` : "";
    const outcome = status === "refused" ? (reason ?? status) : status;
    print(`${runId.slice(0, 12)}  ${room}  ${task}  ${outcome}  ${counted(rounds, "round")}${by}`);
  }
}

async function showPrivacy(run: string, { json, ...connection }: Common): Promise<void> {
  const path = `/v1/runs/${encodeURIComponent(run)}/privacy`;
  const statement = await CoordinatorClient.from(connection).get<PrivacyStatement>(path);
  if (json) printJson(statement);
  else {
    const { statementLines } = await import("../../models/privacy-statement.ts");
    for (const line of statementLines(statement)) print(line);
  }
}

async function exportModel(
  run: string,
  { format, out, json, ...connection }: Common & { format: string; out: string },
): Promise<void> {
  const path = `/v1/runs/${encodeURIComponent(run)}/model?format=${encodeURIComponent(format)}`;
  const files = await CoordinatorClient.from(connection).get<HandedFile[]>(path);
  const written = files.map(({ name, text, base64 }) => {
    const target = join(out, name);
    writeFileAtomic(target, text ?? Buffer.from(base64 ?? "", "base64"));
    return target;
  });
  if (json) printJson({ files: written });
  else print(`Wrote ${written.join(" and ")}.`);
}
