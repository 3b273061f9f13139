/** EDGE: one command of the binary, run to its end as a person would run it. */
import { spawn } from "node:child_process";
import { expect } from "vitest";
import { COMPILE_CACHE, MAIN } from "./processes.ts";

export interface Outcome {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

export function cloister(...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const env = { ...COMPILE_CACHE, ...process.env };
    const stdio: ["ignore", "pipe", "pipe"] = ["ignore", "pipe", "pipe"];
    const child = spawn(process.execPath, [MAIN, ...args], { stdio, env });
    const text = { output: "", errors: "" };
    child.stdout.on("data", (chunk: Buffer) => {
      text.output += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      text.errors += chunk.toString();
    });
    child.once("close", (code) => resolve({ code, ...text }));
  });
}

/** One clear line on standard error and nothing else: no stack trace, no excuse, no half of an answer. */
export function expectOneLine(outcome: Outcome, code: number, ...mentions: string[]): void {
  expect(outcome.errors).toMatch(/^cloister: .*\n$/);
  expect(outcome.errors).not.toContain("internal error");
  expect(outcome).toMatchObject({ code, output: "" });
  for (const mention of mentions) expect(outcome.errors).toContain(mention);
}
