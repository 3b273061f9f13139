#!/usr/bin/env node
// The command `cloister`. Plain JavaScript that any Node can parse: it checks the version first.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import * as nodeModule from "node:module";
import { fileURLToPath } from "node:url";

const NODE_MAJOR_MIN = 24;
const major = Number(process.versions.node.split(".")[0]);
const self = fileURLToPath(import.meta.url);
const bundled = fileURLToPath(new URL("../node_modules/node/bin/node", import.meta.url));

// Compiled code is kept beside the packages: a start then takes half the time. Nobody can write there who could
// not change the packages themselves; where it cannot be written, nothing is kept.
const cache = fileURLToPath(new URL("../node_modules/.cache/cloister", import.meta.url));

if (major >= NODE_MAJOR_MIN) {
  nodeModule.enableCompileCache?.(cache);
  await import("./main.ts");
} else if (existsSync(bundled) && !process.env.CLOISTER_BUNDLED_NODE) {
  const env = { ...process.env, CLOISTER_BUNDLED_NODE: "1" };
  const child = spawn(bundled, [self, ...process.argv.slice(2)], { stdio: "inherit", env });
  // Who stops this process means that one; a terminal's Ctrl-C reaches both by itself.
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  process.on("SIGINT", () => process.stdin.isTTY || child.kill("SIGINT"));
  child.on("error", ({ message }) => {
    console.error(`cloister: ${bundled}: ${message}`);
    process.exit(1);
  });
  child.on("exit", (status) => process.exit(status ?? 1));
} else {
  console.error(
    `cloister: Node ${process.versions.node} is too old; Cloister needs Node ${NODE_MAJOR_MIN} or newer. In a checkout, run "npm ci": it brings the right one.`,
  );
  process.exit(1);
}
