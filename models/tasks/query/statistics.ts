/** The closed list of what a question may ask for. Pure. */
import { unreachable } from "../../../shared/base/assert.ts";
import { correlationStatistic } from "./correlation.ts";
import { countStatistic, histogramStatistic, unitsStatistic } from "./count.ts";
import { crosstabStatistic } from "./crosstab.ts";
import { driftStatistic } from "./drift.ts";
import { meansStatistic } from "./means.ts";
import { memberDriftStatistic } from "./member-drift.ts";
import { momentsStatistic } from "./moments.ts";
import { quantilesStatistic } from "./quantiles.ts";
import type { QueryContext, Statistic } from "./statistic.ts";
import { survivalStatistic } from "./survival.ts";
import { topStatistic } from "./top.ts";

/**
 * @param own The member's place in the roster, where it is about to answer.
 * @throws {CloisterError} If the question does not fit the schema; says what to change.
 */
export function statisticOf(context: QueryContext, own?: number): Statistic {
  const { statistic } = context.spec;
  switch (statistic.kind) {
    case "count":
      return countStatistic();
    case "units":
      return unitsStatistic();
    case "histogram":
      return histogramStatistic(context, statistic.column, statistic.bins);
    case "moments":
      return momentsStatistic(context, statistic);
    case "quantiles":
      return quantilesStatistic(context, statistic);
    case "crosstab":
      return crosstabStatistic(context, statistic);
    case "correlation":
      return correlationStatistic(context, statistic);
    case "means":
      return meansStatistic(context, statistic);
    case "drift":
      return statistic.between
        ? memberDriftStatistic(context, { ...statistic, between: statistic.between }, own)
        : driftStatistic(context, statistic);
    case "survival":
      return survivalStatistic(context, statistic);
    case "top":
      return topStatistic(context, statistic);
    default:
      return unreachable(statistic);
  }
}
