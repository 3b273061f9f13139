/** What an amendment changes, field by field: nothing that differs between two charters is passed over. Pure. */
import type { Json } from "../base/canonical.ts";
import { warningOf, wordsOf } from "./amendment-warnings.ts";
import type { Charter } from "./charter.ts";

export interface CharterChange {
  /** Where in the charter: `privacy.budget.epsilon`. Of a list, each entry that comes or goes is a change of its own. */
  readonly field: string;
  /** The field in plain words; null: its name says it. */
  readonly words: string | null;
  /** Null: it was not there. */
  readonly before: string | null;
  /** Null: it is not there any more. */
  readonly after: string | null;
  /** What members should know before they sign; null: nothing that is known here. */
  readonly warning: string | null;
}

/** One value that is no list or object, one entry of a list, or a list's order. */
interface Leaf {
  readonly field: string;
  readonly text: string;
  /** Of a list's order its entries; null: it is none. */
  readonly order: readonly string[] | null;
}

/** In the order of the fields' names. Empty if and only if the charters are the same. */
export function changesOf(before: Charter, after: Charter): CharterChange[] {
  const [old, next] = [leavesOf(before), leavesOf(after)];
  const keys = [...new Set([...old.keys(), ...next.keys()])];
  const pairs = keys.map((key) => ({ old: old.get(key), next: next.get(key) }));
  const changed = pairs.filter((pair) => !isSame(pair.old, pair.next) && isTold(pair));
  const sorted = changed.toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
  return sorted.map((pair) => {
    const field = pair.next?.field ?? pair.old?.field ?? "";
    const told = { field, before: pair.old?.text ?? null, after: pair.next?.text ?? null };
    return { ...told, words: wordsOf(field), warning: warningOf(told, before, after) };
  });
}

interface Pair {
  readonly old: Leaf | undefined;
  readonly next: Leaf | undefined;
}

const isSame = (old: Leaf | undefined, next: Leaf | undefined): boolean =>
  old?.text === next?.text &&
  String(old?.order?.map(escaped)) === String(next?.order?.map(escaped));

/** A field's old value before its new entries, and a list's order before those. */
function placeOf({ old, next }: Pair): string {
  const { field = "", text = "", order = null } = next ?? old ?? {};
  return [field, old ? 0 : 1, order ? 0 : 1, text].join("\n");
}

/** Another order is told of lists with the same entries; else what comes and goes says enough. */
function isTold({ old, next }: Pair): boolean {
  if (!old?.order && !next?.order) return true;
  return entriesOf(old) === entriesOf(next);
}

/** Each once: an entry more of the same comes to a change of the order. */
const entriesOf = (leaf: Leaf | undefined): string =>
  [...new Set(leaf?.order?.map(escaped))].sort().join();

/** So that nothing in a name is taken for what is between names. */
const escaped = (name: string): string => JSON.stringify(name);

/** By its path, in which no two leaves are alike whatever names are: they may have dots and line breaks in them. */
function leavesOf(charter: Charter): ReadonlyMap<string, Leaf> {
  const leaves = new Map<string, Leaf>();
  addLeaves(leaves, { field: "", path: "" }, charter);
  return leaves;
}

interface Place {
  readonly field: string;
  readonly path: string;
}

const within = ({ field, path }: Place, name: string): Place => ({
  field: field === "" ? name : `${field}.${name}`,
  path: `${path}.${escaped(name)}`,
});

function addLeaves(leaves: Map<string, Leaf>, place: Place, value: Json | undefined): void {
  const { field, path } = place;
  if (value === undefined) return;
  if (value === null || typeof value !== "object")
    leaves.set(path, { field, text: textOf(value), order: null });
  else if (isList(value)) addEntries(leaves, place, value);
  else
    for (const [name, item] of Object.entries(value)) addLeaves(leaves, within(place, name), item);
}

function addEntries(leaves: Map<string, Leaf>, place: Place, list: readonly Json[]): void {
  const { field, path } = place;
  const names = list.map(nameOf);
  if (names.length === 0) leaves.set(path, { field, text: "an empty list", order: null });
  else leaves.set(`${path}#`, { field, text: names.join(", "), order: names });
  for (const [i, item] of list.entries()) {
    const name = names[i] ?? "";
    if (typeof item === "object" && item !== null) addLeaves(leaves, within(place, name), item);
    else leaves.set(`${path}=${escaped(name)}`, { field, text: name, order: null });
  }
}

/** Columns have a name; everything else in a charter's lists is a word. */
function nameOf(item: Json): string {
  if (typeof item !== "object" || item === null || isList(item)) return textOf(item);
  return textOf(item["name"] ?? null);
}

function textOf(value: Json): string {
  if (value === null) return "none";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
