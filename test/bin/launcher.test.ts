/** Under an older Node the command runs in a second process; whoever stops the first means both. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";

const BIN = fileURLToPath(new URL("../../bin/cloister.js", import.meta.url));
/** Makes any Node say that it is too old to run TypeScript; the process that it starts is not told. */
const OLD = `data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.0.0"}})`;
const folder = mkdtempSync(join(tmpdir(), "cloister-launcher-"));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(["SIGTERM", "SIGINT"] as const)("%s ends both processes", async (signal) => {
  const config = join(folder, "coordinator.yaml");
  const dataDir = join(folder, signal);
  writeFileSync(config, JSON.stringify({ listen: { host: "127.0.0.1", port: 0 }, dataDir }));
  const args = ["--import", OLD, BIN, "coordinator", "start", "--config", config];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  await once(child.stdout, "data");
  child.kill(signal);
  // The output closes once neither holds it any more.
  const [code] = await once(child, "close");
  expect(code).toBe(0);
});
