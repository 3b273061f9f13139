/** Choice of units and of their rows. Pure; whoever adds noise passes the operating system's randomness. */
import type { UniformSource } from "../../shared/base/uniform.ts";
import type { EncodedData } from "../data.ts";
import type { UnitRows } from "./backend.ts";

/**
 * A Poisson sample of units, each with at most `rowsPerUnitMax` of its rows, drawn without replacement, and a tag.
 *
 * @param probability Each unit takes part independently with this probability; 1 draws no number for it.
 */
export function selectUnits(
  { unitStarts }: EncodedData,
  probability: number,
  rowsPerUnitMax: number,
  source: UniformSource,
): UnitRows {
  const rows: number[] = [];
  const starts: number[] = [0];
  for (let u = 0; u + 1 < unitStarts.length; u++) {
    if (probability < 1 && source.unit() >= probability) continue;
    const first = unitStarts[u] ?? 0;
    const count = (unitStarts[u + 1] ?? 0) - first;
    if (count <= rowsPerUnitMax) for (let r = 0; r < count; r++) rows.push(first + r);
    else for (const row of chooseRows(first, count, rowsPerUnitMax, source)) rows.push(row);
    starts.push(rows.length);
  }
  const tags = new Uint32Array(starts.length - 1);
  source.fill(tags);
  return { rows: Uint32Array.from(rows), starts: Uint32Array.from(starts), tags };
}

function chooseRows(
  first: number,
  count: number,
  wanted: number,
  source: UniformSource,
): Uint32Array {
  const rows = Uint32Array.from({ length: count }, (_, r) => first + r);
  drawInPlace(rows, wanted, source);
  return rows.subarray(0, wanted);
}

/** Puts so many, drawn without replacement, first: the first places of a Fisher-Yates shuffle. */
export function drawInPlace(
  rows: number[] | Uint32Array,
  wanted: number,
  source: UniformSource,
): void {
  for (let i = 0; i < wanted; i++) {
    const j = i + source.below(rows.length - i);
    const swapped = rows[i] ?? 0;
    rows[i] = rows[j] ?? 0;
    rows[j] = swapped;
  }
}
