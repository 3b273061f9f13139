/** EDGE: `cloister serve`: a model behind HTTP, warm before it listens, and stopped without losing an answer. */
import { createServer, type Server } from "node:http";
import type { Command } from "commander";
import type { Scorer } from "../../models/scoring/scorer.ts";
import { badInput } from "../../shared/base/errors.ts";
import { isLoopback, listenOn } from "../../shared/edge/listen.ts";
import { osClock } from "../../shared/edge/os.ts";
import { onStop, print, printJson } from "../../shared/edge/terminal.ts";
import { exampleRow, scoringService } from "./answer.ts";
import { scoringListener } from "./http.ts";
import { readModelFile } from "./model-file.ts";

const WARM_ROWS = 5000;
const STOP_MS = 10_000;
const ROWS_MAX = 10_000;
const MIB = 1024 * 1024;

interface ServeOptions {
  readonly host: string;
  readonly port: string;
  readonly bodyMax: string;
  readonly allowPlain?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

export function serveCommand(program: Command): void {
  program
    .command("serve")
    .description("score rows over HTTP: POST /v1/score, GET /healthz, /readyz, /metrics")
    .argument("<model>", "model.json, as exported with --format json")
    .option("--host <host>", "address to listen on", "127.0.0.1")
    .option("--port <port>", "port to listen on; 0: any", "7400")
    .option("--body-max <MiB>", "longest body that is read", "1")
    .option(
      "--allow-plain",
      "listen beyond this machine without TLS, behind a proxy that speaks it",
    )
    .option("--quiet", "with --json: no line for each request")
    .option("--json", "print JSON lines, for programs; they hold no data")
    .addHelpText(
      "after",
      "\nExample:\n  $ cloister serve model.json --port 7400" +
        '\n  $ curl -d \'{"amount": 12.5, "channel": "web"}\' http://127.0.0.1:7400/v1/score',
    )
    .action(serve);
}

async function serve(modelPath: string, options: ServeOptions): Promise<void> {
  const { host, json = false, quiet = false } = options;
  const port = parseWhole("--port", options.port, 0, 65_535);
  const bodyBytesMax = MIB * parseWhole("--body-max", options.bodyMax, 1, 64);
  if (!isLoopback(host) && !options.allowPlain) {
    const remedy = "put a proxy that speaks TLS before it and add --allow-plain";
    throw badInput("serve.plain", `--host ${host}: refused without TLS; ${remedy}`);
  }
  const { scorer, sha256 } = readModelFile(modelPath);
  warmUp(scorer);
  const state = { ready: true };
  const listener = scoringListener({
    scorer,
    sha256,
    bodyBytesMax,
    rowsMax: ROWS_MAX,
    isReady: () => state.ready,
    onRequest: (status, rows, ms) => {
      if (!json || quiet) return;
      const atMs = osClock.nowMs();
      printJson({ type: "request", atMs, status, rows, ms: Math.round(1000 * ms) / 1000 });
    },
  });
  const server = createServer(listener);
  server.requestTimeout = 30_000;
  const bound = await listenOn(
    server,
    { host, port },
    { code: "serve.listen", portName: "--port" },
  );
  // Before anybody can know that it is there: whoever stops it then means it.
  onStop(async () => {
    state.ready = false;
    await stop(server);
    if (json) printJson({ type: "stopped" });
  });
  if (json)
    printJson({ type: "listening", address: `http://${host}:${bound}`, port: bound, sha256 });
  else
    print(
      `Scoring on http://${host}:${bound}/v1/score with ${modelPath} (${sha256.slice(0, 12)}). Stop it with Ctrl-C.`,
    );
}

/** The code that answers is compiled before the first request comes. */
function warmUp(scorer: Scorer): void {
  const service = scoringService(scorer, { rowsMax: 1, onScore: () => undefined });
  const text = JSON.stringify(exampleRow(scorer));
  for (let i = 0; i < WARM_ROWS; i++) JSON.stringify(service.answer(text, null).body);
}

/** Takes no new connections, lets those at work have their answer, and waits no longer than `STOP_MS`. */
async function stop(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const forced = setTimeout(() => server.closeAllConnections(), STOP_MS);
  await closed;
  clearTimeout(forced);
}

function parseWhole(name: string, text: string, min: number, max: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw badInput("serve.option", `${name} ${text}: not a whole number from ${min} to ${max}`);
}
