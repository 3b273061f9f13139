/**
 * Where the shuffles and roundings of a run without a privacy guarantee come from: nothing rests on their secrecy,
 * so a seed repeats the run. Pure.
 */
import type { Rng } from "../../shared/base/env.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import type { Manifest } from "../../shared/charter/manifest.ts";

/** One member's, for one attempt. */
export function repeatableRng(
  { task }: Pick<Manifest, "task">,
  runId: string,
  memberId: string,
  attempt: number,
  use: "work" | "rounding",
): Rng {
  const seed = task.kind === "train" ? task.model.seed : runId;
  return reproducibleRng(`${seed}/${memberId}/${attempt}/${use}`);
}
