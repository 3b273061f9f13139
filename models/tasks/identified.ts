/** The column that customers are matched by: by which rules its cells are read, and where they are. Pure. */
import { unreachable } from "../../shared/base/assert.ts";
import { badInput } from "../../shared/base/errors.ts";
import type { OverlapTask } from "../../shared/charter/overlap-spec.ts";
import type { DataSchema, Identifier } from "../../shared/charter/schema.ts";
import type { EncodedData, PartitionedData } from "../data.ts";
import type { IdentifierRule } from "../overlap/identifiers.ts";
import type { IdentifiedRows } from "../overlap/member-sketch.ts";

/** What a task, and the schema that it is asked of, say of the column. */
export interface IdentifiedContext {
  readonly spec: Pick<OverlapTask, "column" | "phone" | "letterCase">;
  readonly schema: DataSchema;
}

/** @throws {CloisterError} If the schema has no such column to match customers by. */
export function askedColumn({ spec, schema }: IdentifiedContext): Identifier {
  const column = schema.identifiers?.find(({ name }) => name === spec.column);
  if (column) return column;
  const names = schema.identifiers?.map(({ name }) => name).join(", ") ?? "";
  const known = names === "" ? "the charter's schema lists none" : `the charter lists ${names}`;
  throw badInput("overlap.column", `column "${spec.column}" is no identifier: ${known}`);
}

/** @throws {CloisterError} As `askedColumn`, and if telephone numbers without a country code have no meaning. */
export function identifierRule(context: IdentifiedContext): IdentifierRule {
  const { spec } = context;
  const { type } = askedColumn(context);
  switch (type) {
    case "email":
    case "iban":
      return { type };
    case "text":
      return { type, letterCase: spec.letterCase };
    case "phone": {
      if (spec.phone) return { type, ...spec.phone };
      const message = `column "${spec.column}" has telephone numbers: say phone.countryCode of those without one`;
      throw badInput("overlap.phone", message);
    }
    default:
      return unreachable(type);
  }
}

/** Its cells, of both partitions. */
export function identifiedRows(
  { spec, schema }: IdentifiedContext,
  data: PartitionedData,
): IdentifiedRows[] {
  const index = schema.identifiers?.findIndex(({ name }) => name === spec.column) ?? -1;
  return [data.train, data.holdout].map((side: EncodedData) => ({
    cells: side.identifiers?.[index] ?? [],
    unitStarts: side.unitStarts,
  }));
}
