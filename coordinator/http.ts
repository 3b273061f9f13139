/** EDGE: the HTTP interface: rooms, invitations, runs, models for the operator; audits for members too. */
import { Hono } from "hono";
import { stream } from "hono/streaming";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { z } from "zod";
import { modelToJson } from "../models/export/json.ts";
import { modelToTfjs } from "../models/export/tfjs.ts";
import { treesToJson } from "../models/export/trees-json.ts";
import { type PrivacyStatement, statementLines } from "../models/privacy-statement.ts";
import { boostTask, modelOf as treesOf } from "../models/tasks/boost.ts";
import { contextOf } from "../models/tasks/context.ts";
import { modelOf, trainTask } from "../models/tasks/train.ts";
import { badInput, CloisterError, EXIT } from "../shared/base/errors.ts";
import { Charter, parseOrRefuse } from "../shared/charter/charter.ts";
import { Plan } from "../shared/charter/manifest.ts";
import { type Access, identifyCaller, operatorOnly } from "./http-access.ts";
import { auditRoutes } from "./http-audit.ts";
import type { RunEvent, RunSummary } from "./run-events.ts";
import type { LiveEvent } from "./run-ports.ts";
import type { CoordinatorService } from "./service.ts";
import { statementOf } from "./statement.ts";

const InvitationRequest = z.strictObject({ room: z.string().optional(), memberId: z.string() });

export function httpApi(service: CoordinatorService, adminToken: string): Hono<Access> {
  const api = new Hono<Access>();
  api.onError((error, context) => {
    const known = error instanceof CloisterError;
    const status: ContentfulStatusCode = known ? 400 : 500;
    const body = known
      ? { code: error.code, message: error.message, exitCode: error.exitCode }
      : {
          code: "coordinator.internal",
          message: `internal error (${error.name})`,
          exitCode: EXIT.failed,
        };
    return context.json(body, status);
  });
  api.get("/healthz", (context) => context.json({ status: "ok" }));
  const { publicKey: coordinatorKey } = service;
  const identityKeyOf = service.identityKeyOf.bind(service);
  api.use("/v1/*", identifyCaller({ adminToken, coordinatorKey, identityKeyOf }));
  auditRoutes(api, service);
  api.use("/v1/*", operatorOnly);
  api.post("/v1/rooms", async (context) =>
    context.json(
      service.createRoom(parseOrRefuse(Charter, await context.req.json(), "the charter")),
    ),
  );
  api.post("/v1/invitations", async (context) => {
    const { room, memberId } = parseOrRefuse(
      InvitationRequest,
      await context.req.json(),
      "the invitation",
    );
    return context.json(service.invite(room, memberId));
  });
  api.post("/v1/runs", async (context) =>
    context.json(service.startRun(parseOrRefuse(Plan, await context.req.json(), "the plan"))),
  );
  api.get("/v1/runs/:run", (context) => context.json(service.findRun(context.req.param("run"))));
  api.get("/v1/runs/:run/privacy", (context) =>
    context.json(runStatement(service, service.findRun(context.req.param("run")))),
  );
  api.get("/v1/runs/:run/events", (context) => {
    const { runId } = service.findRun(context.req.param("run"));
    return stream(context, async (body) => {
      const pending: (RunEvent | LiveEvent)[] = service.events(runId);
      let wake = (): void => undefined;
      const stop = service.watch(runId, (event) => {
        pending.push(event);
        wake();
      });
      body.onAbort(() => wake());
      for (let ended = false; !ended && !body.aborted; ) {
        const batch = pending.splice(0);
        for (const event of batch) await body.write(`${JSON.stringify(event)}\n`);
        ended = batch.some(({ type }) => type === "completed" || type === "failed");
        if (!ended && pending.length === 0) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
      stop();
    });
  });
  api.get("/v1/runs/:run/model", (context) =>
    context.json(
      exportModel(
        service,
        service.findRun(context.req.param("run")),
        context.req.query("format") ?? "json",
      ),
    ),
  );
  return api;
}

function runStatement(
  service: CoordinatorService,
  { runId, manifest }: RunSummary,
): PrivacyStatement {
  return statementOf(service.charterOf(manifest.room), manifest, service.events(runId));
}

function exportModel(service: CoordinatorService, run: RunSummary, format: string): object {
  const state = service.taskState(run.runId);
  const { task } = run.manifest;
  const statement = runStatement(service, run);
  if (task.kind === "probe" || !state)
    throw badInput("model.none", `run ${run.runId.slice(0, 12)} has no model (yet)`);
  const texts = {
    "privacy.json": statement,
    "privacy.txt": `${statementLines(statement).join("\n")}\n`,
  };
  const common = contextOf(service.charterOf(run.manifest.room), run.manifest);
  if (task.kind === "boost") {
    if (format !== "json")
      throw badInput("model.format", `--format ${format}: boosted trees are exported as json`);
    const context = { ...common, spec: task };
    const trees = treesOf(context, boostTask.decodeState(context, state));
    return { "model.json": treesToJson(trees, statement), ...texts };
  }
  const context = { ...common, spec: task };
  const model = modelOf(context, trainTask.decodeState(context, state));
  if (format === "json") return { "model.json": modelToJson(model, statement), ...texts };
  if (format !== "tfjs")
    throw badInput("model.format", `--format ${format}: unknown; use json or tfjs`);
  const { modelJson, weights } = modelToTfjs(model);
  return {
    "model.json": modelJson,
    "weights.bin": Buffer.from(weights).toString("base64"),
    ...texts,
  };
}
