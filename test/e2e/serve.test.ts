/** `cloister serve` through the binary: scores, refusals, health, metrics, and an end that loses no answer. */

import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { architectureOf } from "../../models/engine/architecture.ts";
import { plainBackend } from "../../models/engine/plain.ts";
import { modelToJson } from "../../models/export/json.ts";
import { ALL, encodedRows, rawModel, rawRows } from "../models/raw-rows.ts";
import { cloister, expectOneLine } from "../support/command.ts";
import { Subprocess } from "../support/processes.ts";

const folder = mkdtempSync(join(tmpdir(), "cloister-serve-"));
const model = rawModel(ALL, [8, 4]);
const rows = rawRows(model, 20);
const expected = plainBackend(architectureOf(model.schema, model.spec)).scores(
  model.params,
  model.scaling,
  encodedRows(model, rows),
);
const modelPath = join(folder, "model.json");
writeFileSync(modelPath, modelToJson(model));

interface Server {
  readonly process: Subprocess;
  readonly base: string;
  readonly port: number;
  readonly lines: Record<string, unknown>[];
}

async function start(...more: string[]): Promise<Server> {
  const process = new Subprocess(["serve", modelPath, "--port", "0", "--json", ...more]);
  const lines: Record<string, unknown>[] = [];
  process.onLine((line) => lines.push(line));
  const { port } = await process.line(({ type }) => type === "listening");
  return { process, base: `http://127.0.0.1:${port}`, port: Number(port), lines };
}

const post = ({ base }: Server, body: unknown, query = ""): Promise<Response> =>
  fetch(`${base}/v1/score${query}`, {
    method: "POST",
    body: typeof body === "string" ? body : JSON.stringify(body),
  });

let server: Server;

beforeAll(async () => {
  server = await start();
});

afterAll(async () => {
  server.process.kill();
  await server.process.ended;
  rmSync(folder, { recursive: true, force: true });
});

test("one row and a batch get our scores, with the model's hash", async () => {
  const single = await post(server, rows[0]);
  expect(single.status).toBe(200);
  const hash = createHash("sha256").update(readFileSync(modelPath)).digest("hex");
  expect(single.headers.get("x-model-sha256")).toBe(hash);
  expect(await single.json()).toEqual({ score: expected[0] });
  expect(await (await post(server, rows)).json()).toEqual({ scores: [...expected] });
  const explained = await post(server, rows[0], "?reasons=2");
  expect(await explained.json()).toMatchObject({ score: expected[0], reasons: expect.any(Array) });
});

test("a category that nobody declared is scored as any other such one", async () => {
  const scores = await Promise.all(
    ["never declared", "", "WEB"].map(async (channel) =>
      (await post(server, { ...rows[0], channel })).json(),
    ),
  );
  expect(scores[1]).toEqual(scores[0]);
  expect(scores[2]).toEqual(scores[0]);
  expect(await (await post(server, { ...rows[0], channel: "web" })).json()).not.toEqual(scores[0]);
});

test("rows that do not fit are refused field by field, and what is not asked rightly by its code", async () => {
  const { amount: _, ...absent } = rows[0] ?? {};
  const unfit = await post(server, { ...absent, when: "soon" });
  expect(unfit.status).toBe(422);
  expect(await unfit.json()).toMatchObject({
    code: "request.unfit-rows",
    faults: [
      { field: "amount", code: "field-absent", reason: expect.stringContaining("absent") },
      { field: "when", code: "not-a-number" },
    ],
  });
  const told = async (response: Promise<Response>) => {
    const { status, body } = await response.then(async (r) => ({
      status: r.status,
      body: await r.json(),
    }));
    return [status, (body as { code: string }).code];
  };
  expect(await told(post(server, "{"))).toEqual([400, "request.not-json"]);
  expect(await told(post(server, rows[0], "?reasons=0"))).toEqual([400, "request.reasons"]);
  expect(await told(post(server, Array(10_001).fill(0)))).toEqual([413, "request.too-many-rows"]);
  expect(await told(fetch(`${server.base}/v1/score`))).toEqual([405, "request.method"]);
  expect(await told(fetch(`${server.base}/v1/other`))).toEqual([404, "request.unknown-path"]);
});

test("a huge body is refused without being kept, whether its length is stated or not", async () => {
  const huge = `[${"0,".repeat(1_000_000)}0]`;
  const stated = await post(server, huge);
  expect([stated.status, await stated.json()]).toEqual([
    413,
    expect.objectContaining({ code: "request.too-long" }),
  ]);
  const piece = new TextEncoder().encode(huge);
  const pieces = new ReadableStream({
    start(controller) {
      controller.enqueue(piece);
      controller.close();
    },
  });
  const init: RequestInit & { duplex: "half" } = { method: "POST", body: pieces, duplex: "half" };
  const streamed = await fetch(`${server.base}/v1/score`, init);
  expect(streamed.status).toBe(413);
  // Endless: cut off, and the server goes on.
  const sent = await endless(server.port);
  expect(sent).toBeLessThan(64 * 1024 * 1024);
  expect((await post(server, rows[0])).status).toBe(200);
});

/** Sends a body that never ends. @returns How many bytes went out before the server hung up. */
function endless(port: number): Promise<number> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const piece = Buffer.from(`10000\r\n${"0".repeat(0x10000)}\r\n`);
    let sent = 0;
    const pour = (): void => {
      while (!socket.destroyed && socket.write(piece)) sent += piece.length;
      sent += piece.length;
    };
    socket.on("drain", pour).on("error", () => undefined);
    socket.on("close", () => resolve(sent)).resume();
    socket.write("POST /v1/score HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
    pour();
  });
}

test("health, readiness and metrics; the log has no data in it", async () => {
  const own = await start();
  for (const path of ["healthz", "readyz"])
    expect((await fetch(`${own.base}/${path}`)).status).toBe(200);
  const secret = 1_600_000_123.75;
  await post(own, { ...rows[0], when: secret, channel: "SECRET" });
  await post(own, { ...rows[0], when: "SECRET" });
  const metrics = await fetch(`${own.base}/metrics`);
  expect(metrics.headers.get("content-type")).toContain("version=0.0.4");
  const text = await metrics.text();
  expect(text).toContain('cloister_requests_total{status="200"} 1\n');
  expect(text).toContain('cloister_requests_total{status="422"} 1\n');
  expect(text).toContain("cloister_rows_scored_total 1\n");
  expect(text).toContain('cloister_unknown_values_total{feature="channel"} 1\n');
  expect(text).toMatch(/cloister_request_duration_seconds_count 2\n/);
  own.process.kill();
  expect(await own.process.ended).toBe(0);
  const logged = own.lines.map(({ type, status }) => [type, status]);
  expect(logged).toEqual([
    ["listening", undefined],
    ["request", 200],
    ["request", 422],
    ["stopped", undefined],
  ]);
  expect(`${JSON.stringify(own.lines)}${text}`).not.toMatch(/SECRET|1600000123/);
});

test("a polite kill lets a request at work have its answer, and takes no more", async () => {
  const own = await start();
  const body = JSON.stringify(rows[0]);
  const socket = connect(own.port, "127.0.0.1");
  let answer = "";
  socket.on("data", (chunk: Buffer) => {
    answer += chunk.toString();
  });
  const length = Buffer.byteLength(body);
  socket.write(
    `POST /v1/score HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: ${length}\r\n\r\n`,
  );
  // The request is there once it is told to go on.
  while (!answer.includes("100 Continue")) await once(socket, "data");
  socket.write(body.slice(0, 10));
  own.process.kill();
  const refused = async (): Promise<boolean> =>
    fetch(`${own.base}/healthz`).then(
      () => false,
      () => true,
    );
  while (!(await refused()));
  socket.write(body.slice(10));
  await once(socket, "close");
  expect(answer).toContain("HTTP/1.1 200");
  expect(answer.toLowerCase()).toContain("connection: close");
  expect(answer).toContain(JSON.stringify({ score: expected[0] }));
  expect(await own.process.ended).toBe(0);
});

test("models, ports and addresses that will not do are refused in one line", async () => {
  const write = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const text = readFileSync(modelPath, "utf8");
  const [cut, newer, none, busy, open, port] = await Promise.all([
    cloister("serve", write("cut.json", text.slice(0, 500))),
    cloister("serve", write("newer.json", text.replace("model/1", "model/2"))),
    cloister("serve", join(folder, "none.json")),
    cloister("serve", modelPath, "--port", String(server.port)),
    cloister("serve", modelPath, "--host", "0.0.0.0", "--port", "0"),
    cloister("serve", modelPath, "--port", "70000"),
  ]);
  expectOneLine(cut, 3, "cut.json: The model cannot be read", "cut short");
  expectOneLine(newer, 3, "newer.json", 'reads "cloister-model/1"');
  expectOneLine(none, 3, "none.json: cannot be read", "model export");
  expectOneLine(busy, 1, String(server.port), "the port is in use", "--port");
  expectOneLine(open, 3, "0.0.0.0: refused without TLS", "--allow-plain");
  expectOneLine(port, 3, "--port 70000");
});
