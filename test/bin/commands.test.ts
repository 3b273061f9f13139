/** What help shows without reading any command's code is what the commands say of themselves; and starting stays cheap. */
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { Command } from "commander";
import { expect, test } from "vitest";
import { commandsFor } from "../../bin/commands.ts";

async function helpFor(asked: string | undefined): Promise<string> {
  const program = new Command("cloister");
  for (const add of await commandsFor(asked)) add(program);
  return program.helpInformation();
}

test("the list of commands is the commands' own", async () => {
  const all = await helpFor("no such command");
  for (const asked of [undefined, "--help", "-V"]) expect(await helpFor(asked)).toBe(all);
});

const ROOT = resolve(import.meta.dirname, "../..");

/** Files that are read before a command begins, by the imports that are there at run time. */
function readFor(path: string, seen = new Set<string>()): Set<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  const imports = /^(?:import|export)\s+(?!type\b)[^;]*?from\s+"(\.[^"]+)"/gm;
  for (const [, to = ""] of readFileSync(path, "utf8").matchAll(imports))
    readFor(resolve(dirname(path), to), seen);
  return seen;
}

test("asking a coordinator reads neither the coordinator nor the engine", () => {
  const read = [...readFor(join(ROOT, "coordinator/cli/commands.ts"))].map((path) =>
    path.slice(ROOT.length),
  );
  expect(read).toContain("/coordinator/cli/client.ts");
  for (const heavy of ["/coordinator/service.ts", "/models/tasks/registry.ts", "/models/engine/"])
    expect(read.filter((path) => path.startsWith(heavy))).toEqual([]);
});
