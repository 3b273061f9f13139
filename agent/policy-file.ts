/** EDGE: a member's own rules, a file in its agent's folder that a person writes. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { LocalPolicy, NO_POLICY } from "../shared/charter/policy/local-policy.ts";
import { readYaml } from "../shared/edge/files.ts";

export const policyPath = (folder: string): string => join(folder, "policy.yaml");

/** No file: no rules of its own. @throws {CloisterError} If there is one and it cannot be read or understood. */
export function readPolicy(folder: string): LocalPolicy {
  const path = policyPath(folder);
  return existsSync(path) ? readYaml(path, LocalPolicy) : NO_POLICY;
}
