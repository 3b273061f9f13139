/**
 * What every privacy accountant offers, and the door through which events come to it. Pure. An
 * event that is malformed, unknown, or beyond an accountant is refused, never counted as zero.
 */
import { badInput, type CloisterError } from "../../base/errors.ts";
import { DpEvent, type SingleDpEvent } from "./events.ts";

/** Adds up privacy loss. Immutable: `compose` returns another accountant and changes none. */
export interface PrivacyAccountant {
  /** @throws {CloisterError} `privacy.event-unknown`, or `privacy.event-not-counted`. */
  compose(event: DpEvent): PrivacyAccountant;
  /** The smallest ε this accountant can show at δ in [0, 1). Infinity where it can show none. */
  getEpsilon(delta: number): number;
  /** The smallest δ this accountant can show at ε ≥ 0. At most 1. */
  getDelta(epsilon: number): number;
}

/** An event that happened so often. */
export interface Repeated {
  readonly event: SingleDpEvent;
  readonly count: number;
}

/**
 * The single events in `event`, checked; equal ones are put together.
 *
 * @throws {CloisterError} `privacy.event-unknown` If it is none of the grammar's events.
 */
export function singleEvents(event: DpEvent): Repeated[] {
  const parsed = DpEvent.safeParse(event);
  if (!parsed.success) {
    const where = parsed.error.issues[0]?.path.join(".") || "kind";
    throw badInput("privacy.event-unknown", `this is not a privacy event that is known: ${where}`);
  }
  return merged([], listed(parsed.data));
}

function listed(event: DpEvent): Repeated[] {
  if (event.kind === "composed") return event.events.flatMap(listed);
  return event.kind === "selfComposed"
    ? [{ event: event.event, count: event.count }]
    : [{ event, count: 1 }];
}

/** Two lists as one, in which no event occurs twice. */
export function merged(first: readonly Repeated[], second: readonly Repeated[]): Repeated[] {
  const byEvent = new Map<string, Repeated>();
  for (const { event, count } of [...first, ...second]) {
    const key = JSON.stringify(event);
    byEvent.set(key, { event, count: count + (byEvent.get(key)?.count ?? 0) });
  }
  return [...byEvent.values()];
}

/** The error for an event that is known, but not to this accountant. */
export function notCounted(accountant: string, kind: string, remedy: string): CloisterError {
  return badInput(
    "privacy.event-not-counted",
    `the ${accountant} accountant cannot count an event of kind "${kind}": ${remedy}`,
  );
}
