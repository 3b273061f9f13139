/** EDGE: the scoring server's routes. What it logs of a request is its status, rows and time, never its content. */
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { Model } from "../../models/model.ts";
import { scoringService } from "./answer.ts";
import { newMetrics } from "./metrics.ts";

export interface ScoringOptions {
  readonly model: Model;
  readonly sha256: string;
  readonly bodyBytesMax: number;
  readonly rowsMax: number;
  /** Whether requests are still welcome; false while the server shuts down. */
  readonly isReady: () => boolean;
  readonly onRequest: (status: number, rows: number, ms: number) => void;
}

type Env = { Variables: { rows: number } };

export function scoringApi(options: ScoringOptions): Hono<Env> {
  const { model, sha256, bodyBytesMax, rowsMax, isReady, onRequest } = options;
  const metrics = newMetrics(sha256);
  const service = scoringService(model, { rowsMax, onScore: metrics.score });
  const features = model.schema.features.map(({ name }) => name);
  const api = new Hono<Env>();
  api.onError((error, context) => {
    const message = `internal error (${error.name})`;
    return context.json({ code: "serve.internal", message }, 500);
  });
  api.notFound((context) => {
    const message = "nothing is here; POST rows to /v1/score";
    return context.json({ code: "request.unknown-path", message }, 404);
  });
  api.get("/healthz", (context) => context.json({ status: "ok" }));
  api.get("/readyz", (context) =>
    isReady() ? context.json({ status: "ready" }) : context.json({ status: "stopping" }, 503),
  );
  api.get("/metrics", (context) => {
    const type = { "content-type": "text/plain; version=0.0.4; charset=utf-8" };
    return context.body(metrics.text(features, service.unknown), 200, type);
  });
  api.use("/v1/score", async (context, next) => {
    const startMs = performance.now();
    context.set("rows", 0);
    await next();
    const ms = performance.now() - startMs;
    metrics.request(context.res.status, ms / 1000);
    onRequest(context.res.status, context.var.rows, ms);
    if (!isReady()) context.header("connection", "close");
  });
  const tooLong = (context: Context): Response => {
    const message = `the body is longer than ${bodyBytesMax} bytes; send fewer rows at once`;
    return context.json({ code: "request.too-long", message }, 413, { connection: "close" });
  };
  const limit = bodyLimit({ maxSize: bodyBytesMax, onError: tooLong });
  api.post("/v1/score", limit, async (context) => {
    const reasonCount = reasonsAsked(context.req.query("reasons"));
    if (Number.isNaN(reasonCount)) {
      const message = "reasons: not a number from 1 to 9999";
      return context.json({ code: "request.reasons", message }, 400);
    }
    const { status, body, rowsScored } = service.answer(await context.req.text(), reasonCount);
    context.set("rows", rowsScored);
    return context.json(body, status, { "x-model-sha256": sha256 });
  });
  api.all("/v1/score", (context) =>
    context.json({ code: "request.method", message: "POST rows as JSON" }, 405, { allow: "POST" }),
  );
  return api;
}

/** Null: not asked for. NaN: not a number of reasons. */
function reasonsAsked(text: string | undefined): number | null {
  if (text === undefined) return null;
  return /^[1-9]\d{0,3}$/.test(text) ? Number(text) : Number.NaN;
}
