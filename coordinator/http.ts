/** EDGE: the HTTP interface: rooms, invitations, runs, models for the operator; audits for members too. */
import { readFileSync } from "node:fs";
import { Hono } from "hono";
import { stream } from "hono/streaming";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { z } from "zod";
import type { PrivacyStatement } from "../models/privacy-statement.ts";
import { CloisterError, EXIT } from "../shared/base/errors.ts";
import { Charter, parseOrRefuse } from "../shared/charter/charter.ts";
import { Plan } from "../shared/charter/manifest.ts";
import { handed, modelFiles } from "./export.ts";
import { type Access, identifyCaller, operatorOnly } from "./http-access.ts";
import { auditRoutes } from "./http-audit.ts";
import type { RunEvent, RunSummary } from "./run-events.ts";
import type { LiveEvent } from "./run-ports.ts";
import type { CoordinatorService } from "./service.ts";
import { statementOf } from "./statement.ts";

const SCORER_READER = new URL("../models/export/scorer-reader.ts", import.meta.url);
/** No event follows these. */
const ENDINGS: readonly string[] = ["completed", "failed", "refused"];
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
  const identityKeyOf = service.rooms.identityKeyOf.bind(service.rooms);
  api.use("/v1/*", identifyCaller({ adminToken, coordinatorKey, identityKeyOf }));
  auditRoutes(api, service);
  api.use("/v1/*", operatorOnly);
  api.post("/v1/rooms", async (context) =>
    context.json(
      service.rooms.create(parseOrRefuse(Charter, await context.req.json(), "the charter")),
    ),
  );
  api.post("/v1/invitations", async (context) => {
    const { room, memberId } = parseOrRefuse(
      InvitationRequest,
      await context.req.json(),
      "the invitation",
    );
    return context.json(service.rooms.invite(room, memberId));
  });
  api.post("/v1/runs", async (context) =>
    context.json(service.propose(parseOrRefuse(Plan, await context.req.json(), "the plan"))),
  );
  api.post("/v1/runs/:run/cancel", (context) =>
    context.json(service.cancel(context.req.param("run"))),
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
        ended = batch.some(({ type }) => ENDINGS.includes(type));
        if (!ended && pending.length === 0) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
      stop();
    });
  });
  api.get("/v1/runs/:run/model", (context) => {
    const run = service.findRun(context.req.param("run"));
    const files = modelFiles({
      charter: service.rooms.charter(run.manifest.room),
      run,
      state: service.taskState(run.runId),
      statement: runStatement(service, run),
      format: context.req.query("format") ?? "json",
      createdAt: new Date(run.createdAtMs).toISOString(),
      scorerReader: readFileSync(SCORER_READER, "utf8"),
    });
    return context.json(files.map(handed));
  });
  return api;
}

function runStatement(
  service: CoordinatorService,
  { runId, manifest }: RunSummary,
): PrivacyStatement {
  return statementOf(service.rooms.charter(manifest.room), manifest, service.events(runId));
}
