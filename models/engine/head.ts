/** What a net's outputs are for: what a row's outputs cost, and what score they mean. Pure types. */
import type { RowLoss } from "./backend.ts";
import type { Workspace } from "./workspace.ts";

export interface Head {
  /** What is minimised where the caller names nothing. */
  readonly loss: RowLoss;
  supports(loss: RowLoss): boolean;
  /** The score of the chunk's row `r`, as log-odds. */
  logit(space: Workspace, r: number): number;
  /** `weight` times the loss of the chunk's row `r`; the last layer's delta of that row becomes its derivative. */
  lossInPlace(space: Workspace, r: number, label: number, weight: number, loss: RowLoss): number;
}
