/** Columns as people name them, held against the charter: do they exist, and may sums be broken down by them? Pure. */
import { columnReader } from "../../../models/tasks/columns.ts";
import { CloisterError, EXIT } from "../../../shared/base/errors.ts";
import { nearest } from "../../../shared/base/nearest.ts";
import type { Charter } from "../../../shared/charter/charter.ts";
import type { DataSchema } from "../../../shared/charter/schema.ts";
import { syntaxFault } from "./words.ts";

interface Place {
  readonly source: string;
  readonly at: number;
}

/** @throws {CloisterError} If the schema has no such column that questions may read: which was meant, perhaps. */
export function checkColumn(
  schema: DataSchema,
  option: string,
  name: string,
  { source, at }: Place,
): string {
  const { features, others = [], label } = schema;
  const names = [...features, ...others].map((one) => one.name).concat(label.column);
  if (names.includes(name)) return name;
  const meant = nearest(name, names);
  if (meant === null) return columnReader(schema, name).name; // Says which there are, or why it may not be read.
  const reason = `the charter has no column "${name}"; did you mean "${meant}"?`;
  throw syntaxFault(option, source, at, reason);
}

/** @throws {CloisterError} Also if the charter does not let sums be broken down by it: by which it does. */
export function checkGroup(
  { schema, columns = {} }: Charter,
  option: string,
  name: string,
  place: Place,
): void {
  checkColumn(schema, option, name, place);
  if (columns[name]?.group === true) return;
  const may = Object.entries(columns).flatMap(([column, { group }]) => (group ? [column] : []));
  const hint = may.length > 0 ? `it does by ${may.join(", ")}` : "nor by any other";
  const why = `the charter does not let sums be broken down by column "${name}"; ${hint}`;
  const message = `${option} ${JSON.stringify(place.source)}: ${why}`;
  throw new CloisterError("ask.group", message, EXIT.refused);
}
