/**
 * How far a column's values are apart between members: each against all others together, or one against another. The
 * vector has a histogram for each member, of which everyone fills only its own: so it is opened under noise only. Pure.
 */
import { assert } from "../../../shared/base/assert.ts";
import { badInput } from "../../../shared/base/errors.ts";
import type { StatisticSpec } from "../../../shared/charter/query-spec.ts";
import type { Cell } from "../../answers/answer.ts";
import type { NoisedSums } from "../../statistics/noised.ts";
import type { Axis } from "./cells.ts";
import { countStatistic, spreadAxis } from "./count.ts";
import { SAMPLING_NOTE } from "./moments.ts";
import {
  type Histogram,
  STABILITY_COLUMNS,
  STABILITY_NOTE,
  shareOf,
  stabilityCells,
} from "./shares.ts";
import type { OpenedCells, QueryContext, Statistic } from "./statistic.ts";
import { byColumns, byRows, column, pointsOf, seriesName, titleOf } from "./tables.ts";

type MemberDrift = StatisticSpec<"drift"> & {
  readonly between: NonNullable<StatisticSpec<"drift">["between"]>;
};

const OTHERS = "all others";

/**
 * @param own The member's place in the roster, where it is about to answer.
 * @throws {CloisterError} If it cannot be asked so; says what to change.
 */
export function memberDriftStatistic(
  context: QueryContext,
  { column: name, bins, between }: MemberDrift,
  own: number | undefined,
): Statistic {
  if (context.noise === null) {
    const message =
      "a drift between members opens a histogram of each: what one member sends is never opened without noise; plan with privacy.epsilon";
    throw badInput("question.noise-needed", message);
  }
  const axis = spreadAxis(context.schema, name, bins);
  const members = comparedMembers(context, between);
  const place = members.findIndex(({ index }) => index === own);
  const names = members.map((one) => one.name);
  const whose: Axis = { name: "member", labels: names, at: () => place };
  return {
    ...countStatistic(),
    axes: [whose, axis],
    isCounted() {
      assert(own !== undefined, "a histogram of its own needs its member's place in the roster");
      return place >= 0;
    },
    columns: { summed: [], grouped: [name] },
    answer: (opened) => ({
      title: titleOf(`Drift of ${name} between members`, opened),
      tables: [
        {
          name: "stability",
          columns: [
            ...byColumns(opened),
            column("member", "text"),
            column("against", "text"),
            ...STABILITY_COLUMNS,
          ],
          rows: byRows(opened, (noised) =>
            stabilityRows(histogramsOf(noised, names.length), names, between === "members"),
          ),
        },
        {
          name: "shares",
          columns: [
            ...byColumns(opened),
            column(name, "text"),
            ...names.map((member) => column(member, "share")),
          ],
          rows: byRows(opened, (noised) => {
            const all = histogramsOf(noised, names.length);
            return axis.labels.map((label, b) => [label, ...all.map((one) => shareOf(one, b))]);
          }),
        },
      ],
      charts: [chartOf(opened, name, axis, names)],
      notes: [SAMPLING_NOTE, STABILITY_NOTE],
    }),
  };
}

interface Compared {
  readonly name: string;
  /** Place in the roster. */
  readonly index: number;
}

function comparedMembers(
  { memberIds, memberCount }: QueryContext,
  between: MemberDrift["between"],
): Compared[] {
  if (between === "members")
    return Array.from({ length: memberCount }, (_, index) => {
      return { name: memberIds?.[index] ?? `member ${index + 1}`, index };
    });
  const [first, second] = between;
  return between.map((name) => {
    const index = memberIds?.indexOf(name) ?? -1;
    if (index >= 0 && first !== second) return { name, index };
    const message = `between: ${name} is no member of the run, or is named twice; there are ${memberIds?.join(", ")}`;
    throw badInput("question.members", message);
  });
}

function histogramsOf({ sums, stdDev }: NoisedSums, count: number): Histogram[] {
  const bins = sums.length / count;
  return Array.from({ length: count }, (_, k) => {
    return { sums: sums.subarray(k * bins, (k + 1) * bins), stdDev };
  });
}

function stabilityRows(
  all: readonly Histogram[],
  names: readonly string[],
  isEach: boolean,
): Cell[][] {
  const [first, second] = all;
  if (!isEach && first && second)
    return [[names[0] ?? "", names[1] ?? "", ...stabilityCells(first, second)]];
  return all.map((one, k) => [names[k] ?? "", OTHERS, ...stabilityCells(one, othersOf(all, k))]);
}

/** All but one: the noise of as many histograms as are added up. */
function othersOf(all: readonly Histogram[], but: number): Histogram {
  const others = all.filter((_, k) => k !== but);
  const sums = new Float64Array(all[but]?.sums.length ?? 0);
  for (const other of others)
    for (const [b, count] of other.sums.entries()) sums[b] = (sums[b] ?? 0) + count;
  return { sums, stdDev: Math.sqrt(others.length) * (all[but]?.stdDev ?? 0) };
}

function chartOf(opened: OpenedCells, name: string, axis: Axis, names: readonly string[]) {
  const series = Array.from({ length: opened.by.count }, (_, outer) => {
    const noised = { sums: opened.sumsWithin(outer), stdDev: opened.stdDev };
    return histogramsOf(noised, names.length).map((one, k) => ({
      name: seriesName(opened, outer, names[k] ?? ""),
      points: axis.labels.flatMap((label, b) => pointsOf(label, shareOf(one, b))),
    }));
  }).flat();
  return { kind: "bars", title: `${name} by member`, x: name, y: "share", series } as const;
}
