#!/usr/bin/env node
// The command `cloister`. Plain JavaScript that any Node can parse: it checks the version first.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const NODE_MAJOR_MIN = 24;
const major = Number(process.versions.node.split(".")[0]);
const main = fileURLToPath(new URL("./main.ts", import.meta.url));
const bundled = fileURLToPath(new URL("../node_modules/node/bin/node", import.meta.url));

if (major >= NODE_MAJOR_MIN) {
  await import("./main.ts");
} else if (existsSync(bundled) && !process.env.CLOISTER_BUNDLED_NODE) {
  const env = { ...process.env, CLOISTER_BUNDLED_NODE: "1" };
  const { status, signal } = spawnSync(bundled, [main, ...process.argv.slice(2)], {
    stdio: "inherit",
    env,
  });
  process.exit(signal ? 1 : (status ?? 1));
} else {
  console.error(
    `cloister: Node ${process.versions.node} is too old; Cloister needs Node ${NODE_MAJOR_MIN} or newer. In a checkout, run "npm ci": it brings the right one.`,
  );
  process.exit(1);
}
