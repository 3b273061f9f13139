/** Reasons as they are found, one after another. */
import type { Reason } from "./facts.ts";

export function reasonList(found: readonly Reason[] = []): {
  readonly reasons: Reason[];
  readonly refuse: (code: string, message: string) => void;
} {
  const reasons = [...found];
  return { reasons, refuse: (code, message) => void reasons.push({ code, message }) };
}
