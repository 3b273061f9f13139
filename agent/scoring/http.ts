/**
 * EDGE: the scoring server's routes, on Node's own HTTP server: a framework in between would take as long as
 * everything else does. What is told of a request is its status, rows and time, never its content.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Scorer } from "../../models/scoring/scorer.ts";
import { type Answer, scoringService } from "./answer.ts";
import { newMetrics } from "./metrics.ts";

export interface ScoringOptions {
  readonly scorer: Scorer;
  readonly sha256: string;
  readonly bodyBytesMax: number;
  readonly rowsMax: number;
  /** Whether requests are still welcome; false while the server shuts down. */
  readonly isReady: () => boolean;
  readonly onRequest: (status: number, rows: number, ms: number) => void;
}

/** Names and values in turns: what Node writes without building an object first. */
type Headers = readonly string[];

const JSON_TYPE = ["content-type", "application/json"];
const METRICS_TYPE = ["content-type", "text/plain; version=0.0.4; charset=utf-8"];
/** So much beyond the limit is still read and thrown away, that the sender may hear why it was refused. */
const DISCARDED_BYTES_MAX = 16 * 1024 * 1024;

export function scoringListener(options: ScoringOptions): RequestListener {
  const { scorer, sha256, bodyBytesMax, rowsMax, isReady, onRequest } = options;
  const metrics = newMetrics(sha256);
  const service = scoringService(scorer, { rowsMax, onScore: metrics.score });
  const features = scorer.schema.features.map(({ name }) => name);
  const scoreHeaders = [...JSON_TYPE, "x-model-sha256", sha256];

  const send = (response: ServerResponse, status: number, body: string, headers: Headers): void => {
    const all = [...headers, "content-length", String(Buffer.byteLength(body))];
    if (!isReady() || status === 413) all.push("connection", "close");
    response.writeHead(status, all);
    response.end(body);
  };
  const sendJson = (
    response: ServerResponse,
    status: number,
    body: object,
    headers: Headers = JSON_TYPE,
  ): void => send(response, status, JSON.stringify(body), headers);

  const score = (request: IncomingMessage, response: ServerResponse, query: string): void => {
    const startMs = performance.now();
    const answer = (text: string | null): void => {
      const { status, body, rowsScored } = guarded(() => answerTo(text, query));
      sendJson(response, status, body, scoreHeaders);
      const ms = performance.now() - startMs;
      metrics.request(status, ms / 1000);
      onRequest(status, rowsScored, ms);
    };
    readBody(request, bodyBytesMax, answer);
  };
  const answerTo = (text: string | null, query: string): Answer => {
    const reasonCount = reasonsAsked(query);
    if (text === null) {
      const message = `the body is longer than ${bodyBytesMax} bytes; send fewer rows at once`;
      return refused(413, "request.too-long", message);
    }
    if (!Number.isNaN(reasonCount)) return service.answer(text, reasonCount);
    return refused(400, "request.reasons", "reasons: not a number from 1 to 9999");
  };
  const metricsText = (): string => {
    const { user, system } = process.cpuUsage();
    const residentBytes = process.memoryUsage.rss();
    const cpuSeconds = (user + system) / 1e6;
    return metrics.text({ features, unknown: service.unknown, cpuSeconds, residentBytes });
  };

  return (request, response) => {
    const [path = "", query = ""] = (request.url ?? "").split("?");
    if (path === "/v1/score") {
      if (request.method === "POST") return score(request, response, query);
      const body = { code: "request.method", message: "POST rows as JSON" };
      return sendJson(response, 405, body, [...JSON_TYPE, "allow", "POST"]);
    }
    if (path === "/healthz") return sendJson(response, 200, { status: "ok" });
    if (path === "/readyz") {
      const status = isReady() ? "ready" : "stopping";
      return sendJson(response, isReady() ? 200 : 503, { status });
    }
    if (path === "/metrics") return send(response, 200, metricsText(), METRICS_TYPE);
    const message = "nothing is here; POST rows to /v1/score";
    return sendJson(response, 404, { code: "request.unknown-path", message });
  };
}

/** Null: not asked for. NaN: not a number of reasons. */
function reasonsAsked(query: string): number | null {
  const text = query === "" ? null : new URLSearchParams(query).get("reasons");
  if (text === null) return null;
  return /^[1-9]\d{0,3}$/.test(text) ? Number(text) : Number.NaN;
}

/** Our own fault is one request's, not the server's. */
function guarded(answer: () => Answer): Answer {
  try {
    return answer();
  } catch (error) {
    const message = `internal error (${error instanceof Error ? error.name : "unknown"})`;
    return { status: 500, body: { code: "serve.internal", message }, rowsScored: 0 };
  }
}

function refused(status: 400 | 413, code: string, message: string): Answer {
  return { status, body: { code, message }, rowsScored: 0 };
}

/** @param done Told the body once it is whole, or null once it is too long; not if the sender goes away. */
function readBody(
  request: IncomingMessage,
  bytesMax: number,
  done: (text: string | null) => void,
): void {
  let pieces: Buffer[] = [];
  let size = 0;
  request.on("data", (piece: Buffer) => {
    size += piece.length;
    if (size <= bytesMax) return void pieces.push(piece);
    pieces = [];
    if (size <= bytesMax + DISCARDED_BYTES_MAX) return;
    request.removeAllListeners("data").removeAllListeners("end").pause();
    done(null);
  });
  request.on("end", () => {
    if (size > bytesMax) return done(null);
    const [only] = pieces;
    done((only && pieces.length === 1 ? only : Buffer.concat(pieces)).toString("utf8"));
  });
  request.on("error", () => undefined); // The sender is gone; nobody waits for an answer.
}
