/** EDGE: the HTTP interface: who asks is found out first, then whether it may; runs and models are here. */
import { readFileSync } from "node:fs";
import { type Context, Hono } from "hono";
import { stream } from "hono/streaming";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { PrivacyStatement } from "../../models/privacy-statement.ts";
import { CloisterError, EXIT } from "../../shared/base/errors.ts";
import { PlanRequest } from "../../shared/charter/manifest.ts";
import { checkReceiver, receiversOf } from "../access/receivers.ts";
import { handed, modelFiles } from "../cli/export.ts";
import { checkReleased } from "../room/releases.ts";
import { isLast, type RunEvent, type RunSummary } from "../run/events.ts";
import type { LiveEvent } from "../run/ports.ts";
import { statementOf } from "../run/statement.ts";
import type { CoordinatorService } from "../service.ts";
import { absenceTeller } from "./absence.ts";
import { type Access, type AccessOptions, authorize, identifyCaller, roomAsked } from "./access.ts";
import { adminRoutes } from "./admin.ts";
import { amendmentRoutes } from "./amendments.ts";
import { auditRoutes } from "./audit.ts";
import { bodyOf, limitBody } from "./body.ts";
import { memberRoutes } from "./members.ts";
import { questionRoutes } from "./questions.ts";
import { releaseRoutes } from "./release.ts";

const QUIET_MS = 30_000;
const SCORER_READER = new URL("../../models/export/scorer-reader.ts", import.meta.url);

export function httpApi(
  service: CoordinatorService,
  options: Pick<AccessOptions, "adminToken" | "failuresPerMinute">,
): Hono<Access> {
  const api = new Hono<Access>();
  api.onError((error, context) => {
    const known = error instanceof CloisterError;
    const body = known
      ? { code: error.code, message: error.message, exitCode: error.exitCode }
      : {
          code: "coordinator.internal",
          message: `internal error (${error.name})`,
          exitCode: EXIT.failed,
        };
    return context.json(body, known ? statusOf(error) : 500);
  });
  // Before the guards, and so open to everybody; nothing else is.
  api.get("/healthz", (context) => context.json({ status: "ok" }));
  const { publicKey: coordinatorKey, accessTokens: tokens } = service;
  const identityKeyOf = service.rooms.identityKeyOf.bind(service.rooms);
  api.use(identifyCaller({ ...options, coordinatorKey, identityKeyOf, tokens }));
  api.use(authorize);
  api.use(limitBody);
  adminRoutes(api, service);
  amendmentRoutes(api, service);
  auditRoutes(api, service);
  memberRoutes(api, service);
  releaseRoutes(api, service);
  runRoutes(api, service);
  questionRoutes(api, service);
  return api;
}

function statusOf({ exitCode }: CloisterError): ContentfulStatusCode {
  return exitCode === EXIT.refused ? 403 : 400;
}

function runRoutes(api: Hono<Access>, service: CoordinatorService): void {
  api.post("/v1/runs", async (context) => {
    const plan = await bodyOf(context, PlanRequest, "the plan");
    const { caller, within } = context.var;
    const startedBy = caller.token && { tokenId: caller.token.id, name: caller.token.name };
    const room = roomAsked(within, plan.room);
    return context.json(service.propose({ ...plan, room }, startedBy ?? undefined));
  });
  api.post("/v1/runs/:run/cancel", (context) =>
    context.json(service.cancel(runOf(context, service))),
  );
  api.get("/v1/runs/:run", (context) => context.json(runOf(context, service)));
  api.get("/v1/runs/:run/privacy", (context) =>
    context.json(runStatement(service, runOf(context, service))),
  );
  api.get("/v1/runs/:run/events", (context) => streamEvents(context, service));
  api.get("/v1/runs/:run/model", (context) => {
    const run = runOf(context, service);
    const charter = service.rooms.charterOf(run.manifest);
    const { caller, within } = context.var;
    if (within.asReceiver) checkReceiver(caller.role, receiversOf(charter, run.manifest), run);
    checkReleased(charter, run);
    const files = modelFiles({
      charter,
      run,
      state: service.taskState(run.runId),
      statement: runStatement(service, run),
      format: context.req.query("format") ?? "json",
      createdAt: new Date(run.createdAtMs).toISOString(),
      scorerReader: readFileSync(SCORER_READER, "utf8"),
    });
    return context.json(files.map(handed));
  });
}

/** The run's events up to its end, as they come; to a token's holder no longer than the token is good. */
function streamEvents(context: Context<Access>, service: CoordinatorService): Response {
  const { runId } = runOf(context, service);
  const { token } = context.var.caller;
  const isHeard = (): boolean => token === null || service.accessTokens.isActive(token.id);
  return stream(context, async (body) => {
    const pending: (RunEvent | LiveEvent)[] = service.events(runId);
    let wake = (): void => undefined;
    const stop = service.watch(runId, (event) => {
      pending.push(event);
      wake();
    });
    body.onAbort(() => wake());
    const absence = absenceTeller(pending, service);
    for (let ended = false; !ended && !body.aborted && isHeard(); ) {
      const batch = pending.splice(0);
      for (const event of batch) await body.write(`${JSON.stringify(event)}\n`);
      ended = batch.some(({ type }) => isLast(type));
      if (!ended && pending.length === 0) {
        const quiet = Promise.withResolvers<void>();
        wake = quiet.resolve;
        const timer = setTimeout(wake, QUIET_MS);
        await quiet.promise;
        clearTimeout(timer);
        // People take hours to approve, and clients and proxies take a silent connection for a dead one.
        if (pending.length === 0) await body.write(`${absence()}\n`);
      }
    }
    stop();
  });
}

function runOf(context: Context<Access>, service: CoordinatorService): RunSummary {
  return service.catalog.find(context.req.param("run") ?? "", context.var.within.room);
}

function runStatement(
  service: CoordinatorService,
  { runId, manifest }: RunSummary,
): PrivacyStatement {
  return statementOf(service.rooms.charterOf(manifest), manifest, service.events(runId));
}
