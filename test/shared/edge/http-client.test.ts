/** What only reads is asked once more where a connection breaks as it is used; what writes is not. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { HttpClient } from "../../../shared/edge/http-client.ts";

let server: Server | null = null;
afterEach(() => server?.close());

/** Breaks the connections of so many requests, and answers the others. */
async function breaking(broken: number): Promise<{ client: HttpClient; asked: () => number }> {
  let asked = 0;
  server = createServer((request, response) => {
    asked += 1;
    if (asked <= broken) request.socket.resetAndDestroy();
    else response.end("[7]");
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const client = new HttpClient({
    base: `http://127.0.0.1:${port}`,
    authorize: () => "none",
    remedy: "start it",
  });
  return { client, asked: () => asked };
}

test("a read whose connection was reset is sent again, once", async () => {
  const { client, asked } = await breaking(1);
  expect(await client.get("/")).toEqual([7]);
  expect(asked()).toBe(2);
});

test("a second reset is told, and a write is never sent twice", async () => {
  const twice = await breaking(2);
  await expect(twice.client.get("/")).rejects.toThrow("does not answer; start it");
  expect(twice.asked()).toBe(2);
  server?.close();
  const write = await breaking(1);
  await expect(write.client.post("/", {})).rejects.toThrow("does not answer; start it");
  expect(write.asked()).toBe(1);
});
