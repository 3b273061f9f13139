/** The options of `cloister ask`, as they are typed. Pure types. */
import type { OverlapOptions } from "./overlap.ts";
import type { StatisticOptions } from "./statistic.ts";

export interface QuestionOptions extends StatisticOptions, OverlapOptions {
  /** The run of a model. */
  readonly evaluate?: string;
  readonly where: readonly string[];
  readonly by: readonly string[];
  readonly rowsPerUnit?: string;
  readonly epsilon?: string;
  readonly exact?: boolean;
  readonly purpose?: string;
}
