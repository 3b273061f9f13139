/** Which number is asked for: one option of `cloister ask` for each kind that a line can say. Pure. */
import { columnReader, numberReader } from "../../../models/tasks/columns.ts";
import { badInput, CloisterError, EXIT } from "../../../shared/base/errors.ts";
import type { Charter } from "../../../shared/charter/charter.ts";
import { checkColumn, checkGroup } from "./columns.ts";
import { type Group, parseGroups } from "./groups.ts";
import { parseNumber, Reader } from "./reader.ts";
import { syntaxFault } from "./words.ts";

/** As typed. */
export interface StatisticOptions {
  readonly count?: boolean;
  readonly units?: boolean;
  readonly mean?: string;
  readonly sum?: string;
  readonly variance?: string;
  readonly histogram?: string;
  readonly quantiles?: string;
  readonly crosstab?: string;
  readonly correlation?: string;
  readonly compare?: string;
  readonly drift?: string;
  readonly top?: string;
  readonly bins?: string;
  readonly shares?: string;
  readonly most?: string;
}

type Kind = Exclude<keyof StatisticOptions, "bins" | "shares" | "most">;

const KINDS: Readonly<Record<Kind, (options: StatisticOptions, charter: Charter) => object>> = {
  count: () => ({ kind: "count" }),
  units: () => ({ kind: "units" }),
  mean: ({ mean = "" }, charter) => moments("--mean", mean, charter),
  sum: ({ sum = "" }, charter) => moments("--sum", sum, charter),
  variance: ({ variance = "" }, charter) => moments("--variance", variance, charter),
  histogram: ({ histogram = "", bins }, charter) => spread(histogram, bins, charter),
  quantiles: ({ quantiles = "", bins, shares }, charter) => ({
    kind: "quantiles",
    column: numbers("--quantiles", quantiles, charter),
    ...(bins !== undefined && { bins: numberOf("--bins", bins) }),
    ...(shares !== undefined && { shares: sharesOf(shares) }),
  }),
  crosstab: ({ crosstab = "" }, charter) => ({
    kind: "crosstab",
    columns: several("--crosstab", crosstab, 4, groupsOf("--crosstab", crosstab, charter)),
  }),
  correlation: ({ correlation = "" }, charter) => ({
    kind: "correlation",
    columns: correlated(correlation, charter).map(({ column }) => column),
  }),
  compare: ({ compare = "" }, charter) => comparison(compare, charter),
  drift: ({ drift = "", bins }, charter) => ({
    ...driftBetween(drift, charter),
    ...(bins !== undefined && { bins: numberOf("--bins", bins) }),
  }),
  top: ({ top = "", most }, charter) => ({
    kind: "top",
    column: single("--top", top, charter, (source) => groupsOf("--top", source, charter)),
    ...(most !== undefined && { k: numberOf("--most", most) }),
  }),
};

const OF: Readonly<Record<"bins" | "shares" | "most", readonly Kind[]>> = {
  bins: ["histogram", "quantiles", "drift"],
  shares: ["quantiles"],
  most: ["top"],
};

/** Null: none is named. @throws {CloisterError} If there are two, or one makes no sense: what to change. */
export function statisticOf(options: StatisticOptions, charter: Charter): object | null {
  const all = Object.keys(KINDS) as Kind[];
  const named = all.filter((kind) => options[kind] !== undefined && options[kind] !== false);
  const [kind, second] = named;
  if (second !== undefined) throw usage(`--${kind} and --${second}: one question at a time`);
  for (const [option, kinds] of Object.entries(OF))
    if (options[option as keyof typeof OF] !== undefined && !(kind && kinds.includes(kind)))
      throw usage(`--${option} belongs to --${kinds.join(" or --")}`);
  return kind === undefined ? null : KINDS[kind](options, charter);
}

/** Categories need no edges and numbers do; which columns may part sums is the charter's word. */
export function groupsOf(option: string, source: string, charter: Charter): Omit<Group, "at">[] {
  return parseGroups(option, source).map(({ at, ...group }) => {
    checkGroup(charter, option, group.column, { source, at });
    return group;
  });
}

/** Sum, mean and variance are one question. */
const moments = (option: string, source: string, charter: Charter): object => ({
  kind: "moments",
  column: numbers(option, source, charter),
});

function correlated(source: string, { schema }: Charter): Group[] {
  const groups = parseGroups("--correlation", source);
  for (const { column, at, edges } of groups) {
    checkColumn(schema, "--correlation", column, { source, at });
    numberReader(schema, column);
    if (edges) throw syntaxFault("--correlation", source, at, "numbers correlate without bands");
  }
  return several("--correlation", source, 30, groups);
}

/** Two columns at least, none of them twice. */
function several<One extends { readonly column: string }>(
  option: string,
  source: string,
  most: number,
  groups: One[],
): One[] {
  const names = groups.map(({ column }) => column);
  const what = `${option} ${JSON.stringify(source)}`;
  const count = names.length === 1 ? "1 is" : `${names.length} are`;
  if (names.length < 2 || names.length > most)
    throw badInput("ask.option", `${what}: name 2 to ${most} columns; ${count} named`);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return groups;
  throw badInput("ask.option", `${what}: column "${twice}" is named twice; leave it out once`);
}

function sharesOf(source: string): number[] {
  return source.split(",").map((text) => {
    const share = numberOf("--shares", text.trim());
    if (share >= 0 && share <= 1) return share;
    const meant = share > 1 && share <= 100 ? `; did you mean ${share / 100}?` : "";
    const why = `shares are from 0 to 1, and the median is 0.5${meant}`;
    throw badInput("ask.option", `--shares ${text.trim()}: ${why}`);
  });
}

/** Numbers fall into bins, and categories are their own. */
function spread(source: string, bins: string | undefined, charter: Charter): object {
  const column = single("--histogram", source, charter, (text) => parseGroups("--histogram", text));
  checkGroup(charter, "--histogram", column, { source, at: 0 });
  if (bins === undefined) return { kind: "histogram", column };
  if (columnReader(charter.schema, column).kind === "category")
    throw usage(`--bins parts numbers, and column "${column}" has categories: leave it out`);
  return { kind: "histogram", column, bins: numberOf("--bins", bins) };
}

/** `amount by channel`. */
function comparison(source: string, charter: Charter): object {
  const reader = new Reader("--compare", source);
  const { text: column, at } = reader.word("a column of numbers");
  checkColumn(charter.schema, "--compare", column, { source, at });
  if (!reader.takes("by"))
    throw reader.fault('expected "by" and the column whose groups to compare');
  const rest = source.slice(reader.next?.at ?? source.length);
  const [groups, second] = groupsOf("--compare", rest, charter);
  if (second) throw reader.fault("groups are of one column");
  return { kind: "means", column: numberReader(charter.schema, column).name, groups };
}

/** `amount between members`, `amount between bank-1 and bank-2`. Between times it has conditions, and needs a file. */
function driftBetween(source: string, charter: Charter): object {
  const reader = new Reader("--drift", source);
  const { text: column, at } = reader.word("a column");
  checkGroup(charter, "--drift", column, { source, at });
  if (!reader.takes("between"))
    throw reader.fault('expected "between members", or "between" and the names of two');
  const { text: first } = reader.word("members, or the name of one");
  if (reader.isAtEnd() && first === "members") return { kind: "drift", column, between: "members" };
  if (!reader.takes("and")) throw reader.fault('expected "and" and the name of another member');
  const { text: second } = reader.word("the name of another member");
  if (!reader.isAtEnd()) throw reader.fault("expected nothing more");
  return { kind: "drift", column, between: [first, second] };
}

function numbers(option: string, source: string, charter: Charter): string {
  const name = single(option, source, charter, (text) => parseGroups(option, text));
  return numberReader(charter.schema, name).name;
}

/** One column, and nothing more. */
function single(
  option: string,
  source: string,
  { schema }: Charter,
  parse: (source: string) => readonly { readonly column: string; readonly edges?: unknown }[],
): string {
  const [first, second] = parse(source);
  if (!first || second || first.edges)
    throw badInput("ask.option", `${option} ${JSON.stringify(source)}: one column is asked for`);
  return checkColumn(schema, option, first.column, { source, at: 0 });
}

/** @throws {CloisterError} `ask.option` */
export function numberOf(option: string, text: string): number {
  const value = parseNumber(text);
  if (value !== null) return value;
  throw badInput("ask.option", `${option} ${text === "" ? '""' : text}: not a number`);
}

export const usage = (message: string): CloisterError =>
  new CloisterError("ask.usage", message, EXIT.usage);
