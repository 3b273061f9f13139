/**
 * What was spent, as events with their counts: never a sum at one order, so that any order, and any
 * accountant, can be asked later. Pure, but for a cache of costs; a `Spending` is changed in place.
 */
import { canonicalJson } from "../../base/canonical.ts";
import type { ComposedDpEvent, DpEvent, SingleDpEvent } from "./events.ts";
import { rdpOfEvent, tailOfEvent } from "./rdp.ts";

interface Counted {
  readonly event: SingleDpEvent;
  count: number;
}

/** Equal events under one key, the event's canonical JSON. */
export type Spending = Map<string, Counted>;

/** Adds one event to each of several. */
export function addEventInPlace(spendings: readonly Spending[], event: DpEvent): void {
  if (event.kind === "composed") {
    for (const part of event.events) addEventInPlace(spendings, part);
    return;
  }
  const [single, count] =
    event.kind === "selfComposed" ? [event.event, event.count] : ([event, 1] as const);
  const key = keyOf(single);
  for (const spending of spendings) addCountedInPlace(spending, key, single, count);
}

const keys = new Map<string, string>();
const KEYS_MAX = 16_384;

/** A pure cache: canonical JSON, of which equal events are many. */
function keyOf(event: SingleDpEvent): string {
  const text = JSON.stringify(event);
  const known = keys.get(text);
  if (known !== undefined) return known;
  const key = canonicalJson(event);
  if (keys.size >= KEYS_MAX) keys.clear();
  keys.set(text, key);
  return key;
}

function addCountedInPlace(
  spending: Spending,
  key: string,
  event: SingleDpEvent,
  count: number,
): void {
  const known = spending.get(key);
  if (known) known.count += count;
  else spending.set(key, { event, count });
}

/**
 * Rényi divergence of order α of everything spent.
 *
 * @param without Part of the spending that is left out; what it holds beyond it is ignored.
 */
export function rdpSpent(spending: Spending, order: number, without?: Spending): number {
  let sum = 0;
  for (const [key, { event, count }] of spending) {
    const counted = count - (without?.get(key)?.count ?? 0);
    if (counted > 0) sum += counted * rdpOfSingle(key, event, order);
  }
  return sum;
}

/** δ that the tails of all releases took: see `tailOfEvent`. The other parameters as in `rdpSpent`. */
export function tailSpent(spending: Spending, without?: Spending): number {
  let sum = 0;
  for (const [key, { event, count }] of spending)
    sum += Math.max(0, count - (without?.get(key)?.count ?? 0)) * tailOfEvent(event);
  return sum;
}

const costs = new Map<string, number>();
const COSTS_MAX = 16_384;

/** A pure cache: the same event at the same order costs the same, and computing it takes a millisecond. */
function rdpOfSingle(key: string, event: SingleDpEvent, order: number): number {
  const name = `${order} ${key}`;
  const known = costs.get(name);
  if (known !== undefined) return known;
  const cost = rdpOfEvent(event, order);
  if (costs.size >= COSTS_MAX) costs.clear();
  costs.set(name, cost);
  return cost;
}

/** For accountants: equal events together, each with its count. */
export function composedEvent(...spendings: readonly Spending[]): ComposedDpEvent {
  const joined: Spending = new Map();
  for (const spending of spendings)
    for (const [key, { event, count }] of spending) addCountedInPlace(joined, key, event, count);
  const events = [...joined.values()].map(({ event, count }) =>
    count === 1 ? event : ({ kind: "selfComposed", event, count } as const),
  );
  return { kind: "composed", events };
}
