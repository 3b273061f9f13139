/** How many customers members share, and what these come to, as a line of `cloister ask` can say it. Pure. */
import { numberReader } from "../../../models/tasks/columns.ts";
import { badInput } from "../../../shared/base/errors.ts";
import type { Charter } from "../../../shared/charter/charter.ts";
import { checkColumn } from "./columns.ts";
import { numberOf, usage } from "./statistic.ts";
import { wordsOf } from "./words.ts";

/** As typed. */
export interface OverlapOptions {
  /** A column of identifiers. */
  readonly overlap?: string;
  readonly size?: string;
  readonly values?: string;
  readonly valueMax?: string;
}

const REST: Readonly<Record<Exclude<keyof OverlapOptions, "overlap">, string>> = {
  size: "--size",
  values: "--values",
  valueMax: "--value-max",
};

/**
 * Null: none is asked for. Without `--size` members are taken for equally large.
 *
 * @throws {CloisterError} If an option makes no sense, alone or under the charter: what to change.
 */
export function overlapOf(options: OverlapOptions, charter: Charter): object | null {
  const { overlap, size, values, valueMax } = options;
  if (overlap === undefined) {
    for (const [option, name] of Object.entries(REST))
      if (options[option as keyof OverlapOptions] !== undefined)
        throw usage(`${name} belongs to --overlap`);
    return null;
  }
  if (valueMax !== undefined && values === undefined)
    throw usage("--value-max belongs to --values: which column is added up?");
  return {
    kind: "overlap",
    column: columnIn("--overlap", overlap),
    sizeExpected: size === undefined ? usualSize(charter) : numberOf("--size", size),
    ...(values !== undefined && { values: valueColumn(values, charter) }),
    ...(valueMax !== undefined && { valueMax: numberOf("--value-max", valueMax) }),
  };
}

function usualSize({ privacy, members }: Charter): number {
  const { unitsExpected } = privacy;
  if (unitsExpected !== null) return Math.max(1, Math.round(unitsExpected / members.length));
  throw usage("how many customers does a member have, about? --size");
}

function valueColumn(source: string, { schema }: Charter): string {
  const name = columnIn("--values", source);
  return numberReader(schema, checkColumn(schema, "--values", name, { source, at: 0 })).name;
}

/** One column, perhaps in quotation marks. */
function columnIn(option: string, source: string): string {
  const [word, second] = wordsOf(option, source);
  if (word && !second && word.kind !== "sign") return word.text;
  throw badInput("ask.option", `${option} ${JSON.stringify(source)}: one column is asked for`);
}
