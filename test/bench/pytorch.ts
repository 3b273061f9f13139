/** EDGE: the engine's models in PyTorch and Opacus, where this machine's Python has them: `pytorch.py`, run and read. */
import { spawnSync } from "node:child_process";
import { z } from "zod";

const Line = z.strictObject({
  model: z.string(),
  mode: z.enum(["SGD", "DP-SGD"]),
  rowsPerSecond: z.number().positive(),
});
export type PytorchRate = z.infer<typeof Line>;

/**
 * @param python The interpreter to ask.
 * @returns Empty where Python or PyTorch is missing, which is said on standard error.
 */
export function pytorchRates(python = "python3"): PytorchRate[] {
  const script = new URL("./pytorch.py", import.meta.url).pathname;
  const { status, stdout, stderr } = spawnSync(python, [script], { encoding: "utf8" });
  if (status === 0) {
    const lines = stdout.split("\n").filter((line) => line !== "");
    return lines.map((line) => Line.parse(JSON.parse(line)));
  }
  const reason = status === 3 || status === null ? "not installed here" : `failed: ${stderr}`;
  process.stderr.write(`PyTorch is ${reason}; its side of the table is left out.\n`);
  return [];
}
