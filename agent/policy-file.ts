/** EDGE: a member's own rules, a file in its agent's folder that a person writes. */
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { badInput } from "../shared/base/errors.ts";
import { LocalPolicy, NO_POLICY } from "../shared/charter/policy/local-policy.ts";
import { readYaml } from "../shared/edge/files.ts";

export const policyPath = (folder: string): string => join(folder, "policy.yaml");

/** No file: no rules of its own. @throws {CloisterError} If there is one and it cannot be read or understood. */
export function readPolicy(folder: string): LocalPolicy {
  const path = policyPath(folder);
  return isListed(folder, basename(path)) ? readYaml(path, LocalPolicy) : NO_POLICY;
}

/** Whether the folder lists the name: a link to nothing, or what may not be looked at, is no absence. */
function isListed(folder: string, name: string): boolean {
  try {
    return readdirSync(folder).includes(name);
  } catch (cause) {
    throw badInput("policy.unreadable", `${folder}: cannot be read; check its permissions`, cause);
  }
}
