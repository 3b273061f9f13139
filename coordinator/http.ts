/** EDGE: the operator's HTTP interface: rooms, invitations, runs, models. Every route needs the admin token. */
import { timingSafeEqual } from "node:crypto";
import { Hono } from "hono";
import { stream } from "hono/streaming";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { z } from "zod";
import { modelToJson } from "../models/export/json.ts";
import { modelToTfjs } from "../models/export/tfjs.ts";
import { contextOf } from "../models/tasks/context.ts";
import { modelOf, trainTask } from "../models/tasks/train.ts";
import { utf8 } from "../shared/base/bytes.ts";
import { badInput, CloisterError, EXIT } from "../shared/base/errors.ts";
import { Charter, parseOrRefuse } from "../shared/charter/charter.ts";
import { Plan } from "../shared/charter/manifest.ts";
import type { RunEvent, RunSummary } from "./run-events.ts";
import type { LiveEvent } from "./run-ports.ts";
import type { CoordinatorService } from "./service.ts";

const InvitationRequest = z.strictObject({ room: z.string().optional(), memberId: z.string() });

export function httpApi(service: CoordinatorService, adminToken: string): Hono {
  const api = new Hono();
  const expected = utf8(`Bearer ${adminToken}`);
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
  api.use("/v1/*", async (context, next) => {
    const given = utf8(context.req.header("authorization") ?? "");
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      return context.json(
        {
          code: "admin.token",
          message: "the admin token is wrong; it lies in the coordinator's dataDir",
          exitCode: EXIT.refused,
        },
        401,
      );
    }
    return next();
  });
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
  api.get("/v1/runs", (context) => context.json(service.runs().map(brief)));
  api.post("/v1/runs", async (context) =>
    context.json(service.startRun(parseOrRefuse(Plan, await context.req.json(), "the plan"))),
  );
  api.get("/v1/runs/:run", (context) => context.json(service.findRun(context.req.param("run"))));
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

function brief({ runId, status, reason, createdAtMs, rounds, manifest }: RunSummary): object {
  const metrics = rounds.findLast((round) => round.metrics)?.metrics ?? null;
  return {
    runId,
    room: manifest.room,
    task: manifest.task.kind,
    status,
    reason,
    createdAtMs,
    rounds: rounds.length,
    metrics,
  };
}

function exportModel(service: CoordinatorService, run: RunSummary, format: string): object {
  const state = service.taskState(run.runId);
  const { task } = run.manifest;
  if (task.kind !== "train" || !state)
    throw badInput("model.none", `run ${run.runId.slice(0, 12)} has no model (yet)`);
  const context = { ...contextOf(service.charterOf(run.manifest.room), run.manifest), spec: task };
  const model = modelOf(context, trainTask.decodeState(context, state));
  if (format === "json") return { "model.json": modelToJson(model) };
  if (format !== "tfjs")
    throw badInput("model.format", `--format ${format}: unknown; use json or tfjs`);
  const { modelJson, weights } = modelToTfjs(model);
  return { "model.json": modelJson, "weights.bin": Buffer.from(weights).toString("base64") };
}
