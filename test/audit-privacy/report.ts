/** The audit's table: what was looked at, what was found, what must hold. Pure. */

export interface AuditRow {
  readonly layer: string;
  readonly what: string;
  readonly figure: string;
  readonly bound: string;
  readonly verdict: "holds" | "caught" | "FAILS" | "absent";
}

/** One line a row, columns aligned. */
export function tableText(rows: readonly AuditRow[]): string {
  const header = ["layer", "what", "figure", "bound", "verdict"];
  const lines = [header, ...rows.map((r) => [r.layer, r.what, r.figure, r.bound, r.verdict])];
  const widths = header.map((_, column) =>
    Math.max(...lines.map((line) => (line[column] ?? "").length)),
  );
  const pad = (text: string, column: number): string => text.padEnd(widths[column] ?? 0);
  return lines.map((line) => `${line.map(pad).join("  ").trimEnd()}\n`).join("");
}

export function hasFailed(rows: readonly AuditRow[]): boolean {
  return rows.some(({ verdict }) => verdict === "FAILS");
}
