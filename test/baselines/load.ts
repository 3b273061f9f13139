/** EDGE: reads one data set: a member for each organisation, the test folds held out. */
import { join } from "node:path";
import type { NamedMember } from "../../bin/simulate/members.ts";
import { proposedSchema, readMembers } from "../../bin/simulate/table.ts";
import type { DataSchema } from "../../shared/charter/schema.ts";
import type { DataSet } from "./sets.ts";

export interface LoadedSet {
  /** Bounds and categories are proposed from the training rows, rounded outward; in a room members declare them. */
  readonly schema: DataSchema;
  readonly members: readonly NamedMember[];
}

/** @param identifiers Columns that rows are matched by, whatever else the set leaves out. */
export async function loadSet(
  folder: string,
  set: DataSet,
  identifiers: DataSchema["identifiers"] = undefined,
): Promise<LoadedSet> {
  const path = join(folder, set.file);
  const { ignore, categorical, sides } = set;
  const drop = ["org", ...ignore];
  const columns = { label: "label", positive: "1", unit: null, drop, categorical, numeric: [] };
  const proposed = await proposedSchema(path, columns, sides);
  const schema = identifiers ? { ...proposed, identifiers } : proposed;
  const reading = { path, schema, holdoutFraction: 0.2, holdoutSalt: "baselines", split: "org" };
  return { schema, members: await readMembers({ ...reading, sides }) };
}
