/** One check of an audit and what came of it, as data. Pure. */

export type CheckName =
  | "manifest"
  | "charter"
  | "roster"
  | "coordinator"
  | "record"
  | "signatures"
  | "prekeys"
  | "seeds"
  | "vectors"
  | "result"
  | "history"
  | "evidence";

export interface Check {
  readonly name: CheckName;
  /** `unknown`: there is nothing here to hold it against. */
  readonly status: "holds" | "fails" | "unknown";
  /** What the check proves; where it fails, what is wrong. */
  readonly text: string;
  /** Whom a failure accuses: a member's id, or the coordinator. */
  readonly accused: string | null;
}

/** @param fault What is wrong, or null. */
export function checked(
  name: CheckName,
  fault: string | null,
  proves: string,
  accused = "the coordinator",
): Check {
  return fault === null
    ? { name, status: "holds", text: proves, accused: null }
    : { name, status: "fails", text: fault, accused };
}

export function unknown(name: CheckName, text: string): Check {
  return { name, status: "unknown", text, accused: null };
}

/** Enough of a hash for a person to compare. */
export function short(hash: string): string {
  return `${hash.slice(0, 16)}…`;
}
