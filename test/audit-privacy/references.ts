/** EDGE: layers of the audit that are tests of their own elsewhere: runs those files that exist, and counts. */
import { execFile } from "node:child_process";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";

const ROOT = new URL("../..", import.meta.url).pathname;

export interface ReferredTests {
  readonly files: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const Report = z.object({
  success: z.boolean(),
  testResults: z.array(z.unknown()),
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numFailedTestSuites: z.number(),
});

/** @param patterns Globs from the repository's root. @returns Null if no file matches. */
export async function referredTests(patterns: readonly string[]): Promise<ReferredTests | null> {
  const files = globSync([...patterns], { cwd: ROOT }).sort();
  if (files.length === 0) return null;
  const folder = mkdtempSync(join(tmpdir(), "audit-tests-"));
  try {
    const report = join(folder, "report.json");
    await vitest(["run", ...files, "--reporter=json", `--outputFile=${report}`]);
    const none = { files: files.length, passed: 0, failed: 1, skipped: 0 };
    if (!existsSync(report)) return none;
    const read = Report.parse(JSON.parse(readFileSync(report, "utf8")));
    const failed = read.numFailedTests + (read.success ? 0 : Math.max(1, read.numFailedTestSuites));
    const { numPassedTests: passed, numPendingTests: skipped } = read;
    return { files: files.length, passed, failed, skipped };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Its exit code is in the report. */
function vitest(args: readonly string[]): Promise<void> {
  const program = join(ROOT, "node_modules/vitest/vitest.mjs");
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { cwd: ROOT, maxBuffer: 2 ** 26 }, () =>
      resolve(),
    );
  });
}
