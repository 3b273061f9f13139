/** A member's identifiers as they take part in a matching. Pure. */
import { toHex } from "../../shared/base/bytes.ts";
import { identifierHasher } from "../../shared/charter/identifier-hash.ts";
import type { MatchTask } from "../../shared/charter/match-spec.ts";
import type { PartitionedData } from "../data.ts";
import { normalIdentifier } from "../overlap/identifiers.ts";
import { askedColumn, identifiedRows, identifierRule } from "./identified.ts";
import { checkAllRows } from "./row-limit.ts";
import type { TaskContext } from "./task.ts";

/** A member's identifiers and what else was in its rows. For the member alone. */
export interface MatchIdentifiers {
  /** In their one spelling, each once. Without noise none where they are fewer than the least. */
  readonly taking: ReadonlySet<string>;
  readonly different: number;
  readonly missingRows: number;
  /** Rows whose cell is no identifier of the type. They match nothing. */
  readonly invalidRows: number;
}

/**
 * Under noise of a unit only so many take part, those with the smallest hashes: which ones, its own rows alone decide, and
 * members that know the same customer by the same addresses keep the same ones. So one unit more or less changes the
 * set by so many identifiers at most. And no size is too small: whether one is would tell of one unit.
 *
 * @throws {CloisterError} If there are more rows than the charter allows.
 */
export function matchIdentifiers(
  context: TaskContext<MatchTask>,
  data: PartitionedData,
): MatchIdentifiers {
  checkAllRows(context.rowsMax, data);
  const { spec, noise } = context;
  const rule = identifierRule(context);
  const perUnitMax = noise ? (spec.identifiersPerUnitMax ?? 1) : Number.POSITIVE_INFINITY;
  const first = firstByHash(askedColumn(context).type, perUnitMax);
  const found = new Set<string>();
  let [missingRows, invalidRows] = [0, 0];
  for (const { cells, unitStarts } of identifiedRows(context, data))
    for (let unit = 0; unit + 1 < unitStarts.length; unit++) {
      const own = new Set<string>();
      for (const cell of cells.slice(unitStarts[unit], unitStarts[unit + 1])) {
        const identifier = normalIdentifier(cell, rule);
        if (identifier === null) invalidRows += 1;
        else if (identifier === "") missingRows += 1;
        else own.add(identifier);
      }
      for (const identifier of first(own)) found.add(identifier);
    }
  const isTooFew = noise === null && found.size < spec.sizeMin;
  return {
    taking: isTooFew ? new Set<string>() : found,
    different: found.size,
    missingRows,
    invalidRows,
  };
}

/** No salt: of a customer the same ones take part in every run, and what is told of it is of these alone. */
function firstByHash(type: string, most: number): (own: ReadonlySet<string>) => Iterable<string> {
  const hasher = identifierHasher({ salt: "", purpose: "match", type });
  return (own) => {
    if (own.size <= most) return own;
    const hashes = [...own].map((identifier) => [toHex(hasher(identifier)), identifier] as const);
    return hashes
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .slice(0, most)
      .map(([, identifier]) => identifier);
  };
}
