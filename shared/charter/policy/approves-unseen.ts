/** Whether a member's own rules approve a run without asking a person. Pure. */
import type { Manifest } from "../manifest.ts";
import type { TaskFacts } from "./facts.ts";
import type { LocalPolicy } from "./local-policy.ts";

/** May the agent sign for its member? Only asked of runs that nothing refuses. */
export function approvesUnseen(policy: LocalPolicy, manifest: Manifest, task: TaskFacts): boolean {
  return policy.autoApprove.some(({ tasks, purposes, epsilonMax, sumsMax }) => {
    const { privacy, purpose } = manifest;
    if (tasks && !tasks.includes(manifest.task.kind)) return false;
    if (purposes && !(purpose !== undefined && purposes.includes(purpose))) return false;
    if (epsilonMax !== undefined && !(privacy && privacy.epsilon <= epsilonMax)) return false;
    return sumsMax === undefined || task.sums <= sumsMax;
  });
}
