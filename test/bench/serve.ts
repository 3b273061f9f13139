/**
 * EDGE: scoring rates of a 30-64-32-1 net, of logistic regression and of 150 trees of 26 leaves: in process, one row
 * at a time and in batches; and over HTTP, one row a request, against the binary. Takes about 15 s.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { architectureOf, initialParams } from "../../models/engine/architecture.ts";
import { modelToJson } from "../../models/export/json.ts";
import { recordEncoder } from "../../models/features/record-encoder.ts";
import type { Model } from "../../models/model.ts";
import { recordScorer } from "../../models/scoring/record-scorer.ts";
import { netScorer, type Scorer, treesScorer } from "../../models/scoring/scorer.ts";
import { identityScaling } from "../../models/tasks/train/train.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import { DataSchema } from "../../shared/charter/schema.ts";
import { Subprocess } from "../support/processes.ts";
import { randomForest } from "../support/random-forest.ts";
import type { BenchResult } from "./format.ts";

const NUMBERS = 30;
const TREES = { trees: 150, leaves: 26, bins: 64 };
const ROWS = 4096;
const EXPLAINED = 128;
const RUNS = 9;
const HTTP_MS = 3000;
const CONNECTIONS = 16;

type Row = Record<string, number>;

export async function serveBench(): Promise<BenchResult[]> {
  const [net, logistic] = [modelOf([64, 32]), modelOf([])];
  const rows = rowsOf(net);
  return [
    ...inProcess("net", netScorer(net), rows, 100_000),
    ...inProcess("logistic", netScorer(logistic), rows, 500_000),
    ...inProcess("trees", treesScorer(randomForest(net.schema, TREES)), rows, 250_000),
    ...(await overHttp(net, rows)),
  ];
}

function modelOf(hidden: number[]): Model {
  const features = Array.from({ length: NUMBERS }, (_, i) => ({
    name: `feature ${i}`,
    type: "number",
    min: 0,
    max: 1000,
    transform: i % 3 === 0 ? "log" : "none",
  }));
  const schema = DataSchema.parse({ label: { column: "label" }, unit: null, features });
  const spec = { hidden, activation: "relu", seed: "bench" } as const;
  const params = initialParams(architectureOf(schema, spec), spec.seed);
  return { schema, spec, params, scaling: identityScaling(NUMBERS) };
}

function rowsOf({ schema }: Model): Row[] {
  const source = new UniformSource(reproducibleRng("rows"));
  return Array.from({ length: ROWS }, () =>
    Object.fromEntries(schema.features.map(({ name }) => [name, source.below(1_000_000) / 1000])),
  );
}

function inProcess(name: string, one: Scorer, rows: readonly Row[], limit: number): BenchResult[] {
  const { schema, logits } = one;
  const scorer = recordScorer(one);
  const score = (row: Row): number => {
    if (scorer.take(row).length > 0) throw new Error("a row does not fit");
    return scorer.score();
  };
  const lines = rows.map((row) => JSON.stringify(row));
  for (const row of rows) score(row);
  const latencies = new Float64Array(rows.length);
  for (const [i, line] of lines.entries()) {
    const start = performance.now();
    score(JSON.parse(line) as Row);
    latencies[i] = performance.now() - start;
  }
  latencies.sort();
  const encoded = encode(schema, rows);
  const singles = medianRate(() => {
    for (const row of rows) score(row);
  });
  const batch = medianRate(() => void logits(encoded));
  const explained = medianRate(() => {
    for (const row of rows.slice(0, EXPLAINED)) {
      score(row);
      scorer.explain();
    }
  }, EXPLAINED);
  const p99 = latencies[Math.floor(0.99 * latencies.length)] ?? Number.NaN;
  return [
    { name: `${name}, one row from JSON, p99`, value: p99, unit: "ms", target: 0.1, limit: 1 },
    { name: `${name}, row by row`, value: singles, unit: "rows/s", target: null, limit: limit / 4 },
    { name: `${name}, with reasons`, value: explained, unit: "rows/s", target: null, limit: 50 },
    { name: `${name}, encoded batch`, value: batch, unit: "rows/s", target: 1_000_000, limit },
  ];
}

function encode(schema: DataSchema, rows: readonly Row[]) {
  const encoder = recordEncoder(schema);
  const numbers = new Float32Array(rows.length * NUMBERS);
  const codes = new Uint16Array();
  for (const [r, row] of rows.entries())
    encoder.encode(row, { numbers, numbersAt: r * NUMBERS, codes, codesAt: 0 });
  const labels = new Uint8Array(rows.length);
  return { rowCount: rows.length, numbers, codes, labels, unitStarts: new Uint32Array() };
}

/** Rows per second of processor time, which others on the machine do not change much. */
function medianRate(run: () => void, rows = ROWS): number {
  run();
  const rates = Array.from({ length: RUNS }, () => {
    const before = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(before);
    return (rows * 1e6) / (user + system);
  });
  return rates.sort((a, b) => a - b)[RUNS >> 1] ?? 0;
}

async function overHttp(model: Model, rows: readonly Row[]): Promise<BenchResult[]> {
  const folder = mkdtempSync(join(tmpdir(), "cloister-bench-"));
  const path = join(folder, "model.json");
  writeFileSync(path, modelToJson(model));
  const server = new Subprocess(["serve", path, "--port", "0", "--json", "--quiet"]);
  try {
    const { port } = await server.line(({ type }) => type === "listening");
    const requests = rows.map((row) => request(JSON.stringify(row)));
    await load(Number(port), requests, HTTP_MS / 3);
    const before = await cpuSeconds(Number(port));
    const latencies = await load(Number(port), requests, HTTP_MS);
    const perSecond = latencies.length / ((await cpuSeconds(Number(port))) - before);
    latencies.sort((a, b) => a - b);
    const at = (share: number): number =>
      latencies[Math.floor(share * latencies.length)] ?? Number.NaN;
    const rate = (latencies.length * 1000) / HTTP_MS;
    return [
      { name: "HTTP, one row a request", value: rate, unit: "rows/s", target: 5000, limit: 500 },
      {
        name: "HTTP, server's own time",
        value: perSecond,
        unit: "rows/s",
        target: 5000,
        limit: 2500,
      },
      { name: "HTTP, p50", value: at(0.5), unit: "ms", target: null, limit: null },
      { name: "HTTP, p99", value: at(0.99), unit: "ms", target: null, limit: null },
    ];
  } finally {
    server.kill();
    await server.ended;
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the server has spent, by its own metrics. */
async function cpuSeconds(port: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return Number(/^process_cpu_seconds_total (.*)$/m.exec(text)?.[1] ?? Number.NaN);
}

function request(body: string): string {
  const head = `POST /v1/score HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n`;
  return `${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** Every connection sends its next request when the last is answered. @returns Milliseconds, one a request. */
async function load(port: number, requests: readonly string[], ms: number): Promise<number[]> {
  const latencies: number[] = [];
  const until = performance.now() + ms;
  let next = 0;
  const run = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket: Socket = connect(port, "127.0.0.1");
      let sentAt = 0;
      let answer = "";
      const send = (): void => {
        sentAt = performance.now();
        if (sentAt >= until) return void socket.end();
        next += 1;
        socket.write(requests[next % requests.length] ?? "");
      };
      socket
        .setNoDelay(true)
        .on("connect", send)
        .on("error", reject)
        .on("close", () => resolve());
      socket.on("data", (chunk: Buffer) => {
        answer += chunk.toString("latin1");
        const bodyAt = answer.indexOf("\r\n\r\n") + 4;
        const length = Number(/content-length: (\d+)/i.exec(answer)?.[1] ?? Number.NaN);
        if (bodyAt < 4 || answer.length < bodyAt + length) return;
        if (!answer.startsWith("HTTP/1.1 200")) reject(new Error(answer.slice(0, 200)));
        latencies.push(performance.now() - sentAt);
        answer = "";
        send();
      });
    });
  await Promise.all(Array.from({ length: CONNECTIONS }, run));
  return latencies;
}
