/** What the README prints works as printed: its files, its commands in their order, its scripts, flags and links. */

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import { USAGE } from "../demo/options.ts";
import { memberIds } from "../support/charters.ts";
import { COMPILE_CACHE } from "../support/processes.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BIN = join(ROOT, "bin/cloister.js");
const readme = readFileSync(join(ROOT, "README.md"), "utf8");
const folder = mkdtempSync(join(tmpdir(), "cloister-readme-"));
const env = { ...COMPILE_CACHE, ...process.env };
const staying: ChildProcess[] = [];

afterAll(async () => {
  await Promise.all(
    staying.map((child) => {
      const closed = once(child, "close");
      child.kill();
      return closed;
    }),
  );
  rmSync(folder, { recursive: true, force: true });
});

/** The text of the first fenced block after `marker`. */
function blockAfter(marker: string): string {
  const [, after = ""] = readme.split(marker);
  return /```\w*\n([\s\S]*?)```/.exec(after)?.[1] ?? "";
}

/** Below those that systems deal out by themselves: nobody else is given it before the coordinator has it. */
async function freePort(): Promise<string> {
  for (;;) {
    const port = randomInt(10_000, 30_000);
    const server = createServer().listen(port, "127.0.0.1");
    const isFree = await once(server, "listening").then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    server.close();
    await once(server, "close");
    return String(port);
  }
}

/** Rows that fit the charter: customers who spend much late at night are frauds here. */
function table(memberId: string, rowCount: number): string {
  const source = new UniformSource(reproducibleRng(memberId));
  const lines = Array.from({ length: rowCount }, (_, i) => {
    const amount = 1000 * source.unit();
    const hour = source.below(24);
    const channel = source.below(2) === 0 ? "web" : "shop";
    return [`c${i >> 1}`, amount.toFixed(2), hour, channel, amount > 500 && hour > 8 ? 1 : 0];
  });
  return `customer,amount,hour,channel,label\n${lines.map((cells) => cells.join(",")).join("\n")}\n`;
}

/** As a shell takes them apart: what is in apostrophes is one. */
const argumentsOf = (command: string): string[] => {
  expect(command).toMatch(/^npx cloister /);
  const words = command.replace(/#.*/, "").match(/'[^']*'|\S+/g) ?? [];
  return words.map((word) => word.replaceAll("'", "")).slice(2);
};

/** @returns What it printed. @throws If it failed. */
async function run(command: string): Promise<string> {
  const args = [BIN, ...argumentsOf(command)];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, {
    cwd: folder,
    env,
  });
  expect(stderr).toBe("");
  return stdout;
}

/** Starts what stays, and waits for the line that says that it is there. */
async function stay(command: string, sign: string): Promise<void> {
  const args = [BIN, ...argumentsOf(command)];
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  staying.push(child);
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.includes(sign)) return void child.stdout.resume();
  }
  throw new Error(`${command} ended`);
}

test("the parts by hand: files and commands as printed make a room, a model and scores", async () => {
  const port = await freePort();
  for (const name of ["coordinator.yaml", "charter.yaml", "plan.yaml"]) {
    writeFileSync(join(folder, name), blockAfter(`\`${name}\`:`).replace("7300", port));
  }
  const members = memberIds(3);
  for (const memberId of members)
    writeFileSync(join(folder, `${memberId}.csv`), table(memberId, 300));
  writeFileSync(join(folder, "rows.csv"), table("new", 25));

  const printed = /```\n(npx cloister[\s\S]*?)```/.exec(readme)?.[1] ?? "";
  const commands = printed.trim().split("\n");
  const [coordinator, create, invite, check, init, start, ...rest] = commands.map((command) =>
    command.replace("7300", port),
  );
  const [begin, preview, approve, watch, list, exportModel, ledger, ...last] = rest;
  const [verify, score, ...more] = last;
  if (!coordinator || !create || !invite || !check || !init || !start)
    throw new Error("commands are missing");
  if (!begin || !preview || !approve || !watch || !list || !exportModel || !ledger)
    throw new Error("commands are missing");
  if (!verify || !score) throw new Error("commands are missing");
  expect(more).toEqual([]);

  await stay(coordinator, "listens");
  expect(await run(create)).toContain('Room "card-fraud" is open');
  expect(await run(check)).toContain("The table fits.");
  await Promise.all(
    members.map(async (memberId) => {
      const as = (command: string): string => command.replaceAll("bank-1", memberId);
      const [inviting = "", file = ""] = as(invite)
        .replace(/ +#.*$/, "")
        .split(" > ");
      writeFileSync(join(folder, file), await run(inviting));
      expect(await run(as(init))).toContain(`as ${memberId}`);
      await stay(as(start), "connected");
    }),
  );
  const runId = /^Run ([0-9a-f]+) /.exec(await run(begin))?.[1] ?? "";
  expect(await run(preview.replace("RUN", runId))).toContain(`Run ${runId}`);
  for (const memberId of members.slice(0, 2)) {
    const command = approve.replace("RUN", runId).replaceAll("bank-1", memberId);
    expect(await run(command)).toContain(`approved by ${memberId}`);
  }
  expect(await run(watch.replace("RUN", runId))).toContain("The run is complete.");
  expect(await run(list)).toContain("completed");
  expect(await run(exportModel.replace("RUN", runId))).toContain("model.json");
  expect(await run(ledger)).toMatch(/budget .* of 3 at δ[\s\S]*gradient/);
  expect(await run(verify)).toMatch(/Run [0-9a-f]{12} {2}train[\s\S]*The history holds\./);
  expect((await run(score)).trim().split("\n")).toHaveLength(1 + 25);

  const question = /### Ask a question[\s\S]*?```\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
  const [tell = "", ask = "", answer = "", ...others] = question.trim().split("\n");
  expect(others).toEqual([]);
  expect(await run(tell)).toMatch(/^Asks +3 members[\s\S]*Costs +ε = 1.5 [\s\S]*Verdict +good/);
  expect(argumentsOf(tell)).toEqual([...argumentsOf(ask), "--preview"]);
  const asking = spawn(process.execPath, [BIN, ...argumentsOf(ask)], { cwd: folder, env });
  const answered = text(asking.stdout);
  let asked = "";
  for await (const line of createInterface({ input: asking.stderr })) {
    asked = /^Run ([0-9a-f]+) is proposed/.exec(line)?.[1] ?? "";
    if (asked !== "") break;
  }
  for (const memberId of members.slice(0, 2)) {
    const command = approve.replace("RUN", asked).replaceAll("bank-1", memberId);
    expect(await run(command)).toContain(`approved by ${memberId}`);
  }
  expect(await answered).toContain("Rows by channel");
  expect(await run(answer.replace("RUN", asked))).toContain("channel,rows,rows low,rows high\r\n");
}, 240_000);

test("npx finds the command in a checkout", async () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    version: string;
  };
  const npx = promisify(execFile)("npx", ["--no-install", "cloister", "--version"], { cwd: ROOT });
  expect((await npx).stdout.trim()).toBe(version);
});

test("scripts, dependencies, flags and links that the README names exist, and no dependency is unnamed", () => {
  const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    scripts: object;
    dependencies: object;
  };
  for (const [, script] of readme.matchAll(/npm run ([\w:-]+)/g)) {
    expect(Object.keys(manifest.scripts)).toContain(script);
  }
  const dependencies = readme.slice(readme.indexOf("| dependency |"));
  for (const name of Object.keys(manifest.dependencies)) expect(dependencies).toContain(name);
  const demo = readme.slice(readme.indexOf("## The demo"), readme.indexOf("## The parts by hand"));
  for (const [flag] of demo.matchAll(/--[a-z][a-z-]+/g)) {
    if (flag !== "--help") expect(USAGE).toContain(flag);
  }
  for (const [, target = ""] of readme.matchAll(/\]\(([^)#]+)\)/g)) {
    expect(existsSync(join(ROOT, target))).toBe(true);
  }
});
