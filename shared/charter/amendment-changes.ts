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
  readonly isOrder: boolean;
}

/** In the order of the fields' names. Empty if and only if the charters are the same. */
export function changesOf(before: Charter, after: Charter): CharterChange[] {
  const [old, next] = [leavesOf(before), leavesOf(after)];
  const keys = [...new Set([...old.keys(), ...next.keys()])].sort();
  const pairs = keys.map((key) => ({ old: old.get(key), next: next.get(key) }));
  const changed = pairs.filter((pair) => pair.old?.text !== pair.next?.text && isTold(pair));
  return changed.map((pair) => {
    const field = pair.next?.field ?? pair.old?.field ?? "";
    const told = { field, before: pair.old?.text ?? null, after: pair.next?.text ?? null };
    return { ...told, words: wordsOf(field), warning: warningOf(told, before, after) };
  });
}

/** Another order is told of lists with the same entries; else what comes and goes says enough. */
function isTold({ old, next }: { old: Leaf | undefined; next: Leaf | undefined }): boolean {
  if (!old?.isOrder && !next?.isOrder) return true;
  return sorted(old) === sorted(next);
}

const sorted = (leaf: Leaf | undefined): string => (leaf?.text ?? "").split(", ").sort().join();

function leavesOf(charter: Charter): ReadonlyMap<string, Leaf> {
  const leaves = new Map<string, Leaf>();
  addLeaves(leaves, "", charter);
  return leaves;
}

function addLeaves(leaves: Map<string, Leaf>, field: string, value: Json | undefined): void {
  if (value === undefined) return;
  if (value === null || typeof value !== "object") {
    leaves.set(field, { field, text: textOf(value), isOrder: false });
  } else if (isList(value)) addEntries(leaves, field, value);
  else
    for (const [name, item] of Object.entries(value))
      addLeaves(leaves, field === "" ? name : `${field}.${name}`, item);
}

function addEntries(leaves: Map<string, Leaf>, field: string, list: readonly Json[]): void {
  const names = list.map(nameOf);
  if (names.length === 0) leaves.set(field, { field, text: "an empty list", isOrder: false });
  // A separator that no field's name has.
  leaves.set(`${field}\n`, { field, text: names.join(", "), isOrder: true });
  for (const [i, item] of list.entries()) {
    const name = names[i] ?? "";
    if (typeof item === "object" && item !== null) addLeaves(leaves, `${field}.${name}`, item);
    else leaves.set(`${field}\n${name}`, { field, text: name, isOrder: false });
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
