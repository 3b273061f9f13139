/** Small charters and tables for tests. */

import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import { Charter } from "../../shared/charter/charter.ts";

export function smallCharter(
  members: readonly string[],
  privacy?: Partial<Charter["privacy"]>,
): Charter {
  return Charter.parse({
    version: 1,
    room: "test-room",
    purpose: "tests",
    members,
    schema: {
      label: { column: "label" },
      unit: { column: "customer" },
      features: [
        { name: "amount", type: "number", min: 0, max: 1000 },
        { name: "hour", type: "number", min: 0, max: 24 },
        { name: "channel", type: "category", categories: ["web", "shop"] },
      ],
    },
    tasks: ["train", "boost", "probe"],
    governance: { approvals: 2 },
    minimums: { members: 3, rows: 10 },
    rowsMax: 10_000,
    privacy: {
      budget: { epsilon: 3, delta: 1e-5, rdpOrder: 8 },
      unnoisedRuns: "allowed",
      unitsExpected: 300,
      ...privacy,
    },
  });
}

/** A member's own rules under which its agent approves all that nothing forbids. */
export const APPROVES_ALL = JSON.stringify({ version: 1, autoApprove: [{}] });

/** A separable table with distinctive cells: amounts and ids of many digits. */
export function smallTable(memberId: string, rowCount: number): string {
  const source = new UniformSource(reproducibleRng(`table-${memberId}`));
  const lines = ["customer,amount,hour,channel,label"];
  for (let i = 0; i < rowCount; i++) {
    const amount = 1000 * source.unit();
    const label = amount > 600 ? 1 : 0;
    const customer = `${memberId}-${Math.floor(1e9 * source.unit())}`;
    lines.push(
      [
        customer,
        amount.toFixed(9),
        (24 * source.unit()).toFixed(9),
        source.unit() < 0.5 ? "web" : "shop",
        label,
      ].join(","),
    );
  }
  return `${lines.join("\n")}\n`;
}

/** Half of a small table, and below it as many rows of short cells: whole numbers and ids of few digits. */
export function mixedTable(memberId: string, rowCount: number): string {
  const source = new UniformSource(reproducibleRng(`short-${memberId}`));
  const lines = Array.from({ length: rowCount / 2 }, () => {
    const amount = source.below(1000);
    const channel = source.below(2) === 0 ? "web" : "shop";
    return [`c${source.below(1000)}`, amount, source.below(24), channel, amount > 600 ? 1 : 0];
  });
  return `${smallTable(memberId, rowCount / 2)}${lines.map((cells) => cells.join(",")).join("\n")}\n`;
}

export const memberIds = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `bank-${i + 1}`);
