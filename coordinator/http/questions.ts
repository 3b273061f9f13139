/** EDGE: questions over HTTP: what one would cost and be worth, and what it came to. */
import type { Hono } from "hono";
import { answerData } from "../../models/answers/json.ts";
import { PlanRequest } from "../../shared/charter/manifest.ts";
import { checkMetricsReceiver } from "../access/receivers.ts";
import { answerOf } from "../run/answer.ts";
import { resolvedPlan } from "../run/evaluated.ts";
import { outlookOf } from "../run/outlook.ts";
import type { CoordinatorService } from "../service.ts";
import { type Access, roomAsked } from "./access.ts";
import { bodyOf } from "./body.ts";

export function questionRoutes(api: Hono<Access>, service: CoordinatorService): void {
  api.post("/v1/outlook", async (context) => {
    const plan = await bodyOf(context, PlanRequest, "the plan");
    const room = roomAsked(context.var.within, plan.room);
    const asked = { ...plan, room };
    const resolved = resolvedPlan(asked, service.rooms.charter(room), service.catalog);
    const manifest = service.rooms.manifestFor(resolved);
    const runs = service.catalog.list(manifest.room);
    const logged = runs.map((run) => {
      const charter = service.rooms.charterOf(run.manifest);
      return { ...run, charter, events: service.events(run.runId) };
    });
    return context.json(outlookOf(service.rooms.charter(manifest.room), manifest, logged));
  });
  api.get("/v1/runs/:run/answer", (context) => {
    const run = service.catalog.find(context.req.param("run"), context.var.within.room);
    const charter = service.rooms.charterOf(run.manifest);
    checkMetricsReceiver(context.var.caller, charter, run.manifest);
    const answer = answerOf(charter, run, service.taskState(run.runId));
    // JSON has no infinities; an answer may.
    return context.json(answerData(answer) as object);
  });
}
