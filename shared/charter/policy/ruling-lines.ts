/** Every rule's word on a run, as lines for a person. Pure. */
import type { Ruling } from "./decide.ts";

export function rulingLines(rulings: readonly Ruling[]): string[] {
  return rulings.flatMap(({ rule, verdict, reasons }) => [
    `  ${verdict.padEnd(7)}  ${rule}`,
    ...reasons.map(({ code, message }) => `           ${message} (${code})`),
  ]);
}
