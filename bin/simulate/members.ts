/** One table's units dealt to members, and who of them a real room would let in. Pure. */
import type { EncodedData, PartitionedData } from "../../models/data.ts";
import { selectedUnits } from "../../models/data-parts.ts";
import { badInput } from "../../shared/base/errors.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { UniformSource } from "../../shared/base/uniform.ts";

export interface NamedMember {
  readonly memberId: string;
  readonly data: PartitionedData;
}

export const memberIdsOf = (count: number): string[] =>
  Array.from({ length: count }, (_, member) => `member-${member + 1}`);

/**
 * The units in a random order, divided among the members.
 *
 * @param skew 0: all alike. Else member k has a share as 1 / k^skew, k from 1.
 * @throws {CloisterError} If somebody would have no training unit.
 */
export function dealt(
  data: PartitionedData,
  count: number,
  seed: string,
  skew = 0,
): PartitionedData[] {
  const train = dealtPart(data.train, count, `${seed}/deal`, skew);
  const holdout = dealtPart(data.holdout, count, `${seed}/deal-holdout`, skew);
  const parts = train.map((part, member) => ({ train: part, holdout: holdout[member] ?? part }));
  const empty = train.findIndex(({ rowCount }) => rowCount === 0);
  if (empty < 0) return parts;
  const units = data.train.unitStarts.length - 1;
  throw badInput(
    "simulate.too-few-rows",
    `${units} training units do not do for ${count} members: member ${empty + 1} would have none; ` +
      `use fewer members${skew === 0 ? "" : ", or a smaller --skew"}`,
  );
}

function dealtPart(data: EncodedData, count: number, seed: string, skew: number): EncodedData[] {
  const order = Uint32Array.from({ length: data.unitStarts.length - 1 }, (_, unit) => unit);
  new UniformSource(reproducibleRng(seed)).shuffleInPlace(order);
  if (skew === 0)
    return Array.from({ length: count }, (_, member) =>
      selectedUnits(
        data,
        order.filter((_, i) => i % count === member),
      ),
    );
  const ends = shareEnds(count, skew).map((end) => Math.round(end * order.length));
  return ends.map((end, member) => selectedUnits(data, order.subarray(ends[member - 1] ?? 0, end)));
}

/** Where each member's share of 0 … 1 ends. */
function shareEnds(count: number, skew: number): number[] {
  const weights = Array.from({ length: count }, (_, member) => (member + 1) ** -skew);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  return weights.map((weight) => {
    sum += weight / total;
    return sum;
  });
}

export interface Admission {
  readonly rowsMin: number;
  readonly rowsMax: number;
  /** Whether a table may have rows of one class only: where the schema lets labels be missing. */
  readonly allowsOneClass: boolean;
}

/** The same rules as in a real room: a member with too few rows declines, one with one class cannot start. */
export function admitted(
  members: readonly NamedMember[],
  admission: Admission,
): { readonly members: readonly NamedMember[]; readonly leftOut: readonly string[] } {
  const reasons = new Map<string, string[]>();
  const kept = members.filter(({ memberId, data }) => {
    const reason = reasonToLeaveOut(data, admission);
    if (reason !== null) reasons.set(reason, [...(reasons.get(reason) ?? []), memberId]);
    return reason === null;
  });
  const leftOut = [...reasons].map(([reason, names]) => `left out: ${named(names)}: ${reason}`);
  if (kept.length >= 3) return { members: kept, leftOut };
  const why = leftOut.length === 0 ? "" : ` (${leftOut.join("; ")})`;
  throw badInput(
    "simulate.too-few-members",
    `only ${kept.length} of ${members.length} members could take part${why}; a room needs 3: ` +
      `divide the rows among fewer, or use a table with more${admission.allowsOneClass ? "" : " of both classes"}`,
  );
}

const NAMED_MAX = 3;

function named(names: readonly string[]): string {
  const some = names.slice(0, NAMED_MAX).join(", ");
  return names.length <= NAMED_MAX ? some : `${some} and ${names.length - NAMED_MAX} others`;
}

function reasonToLeaveOut(
  { train, holdout }: PartitionedData,
  { rowsMin, rowsMax, allowsOneClass }: Admission,
): string | null {
  const rows = train.rowCount + holdout.rowCount;
  if (rows < rowsMin) return `fewer rows than ${rowsMin}`;
  if (rows > rowsMax) return `more rows than the charter's ${rowsMax}`;
  if (allowsOneClass) return null;
  const positives = positivesIn(train) + positivesIn(holdout);
  return positives === 0 || positives === rows ? "labels of one class only" : null;
}

function positivesIn({ labels }: EncodedData): number {
  let count = 0;
  for (let row = 0; row < labels.length; row++) count += labels[row] ?? 0;
  return count;
}
