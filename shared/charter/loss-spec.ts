/** What training minimises, and what is done about rare positives. Pure. */
import { z } from "zod";

const Share = z.number().gt(0).lt(1);

/** Left out of a plan: cross-entropy, every row with a weight of one. */
export const LossSpec = z
  .strictObject({
    /** `focal`: rows that the model already gets right count less (Lin et al. 2017, §3). */
    kind: z.enum(["crossEntropy", "focal"]),
    /** γ of the focal loss. Left out: 2. */
    gamma: z.number().gt(0).max(10).optional(),
    /** Weight of a positive row, a negative one having 1; `balanced`: both classes weigh the same in all. */
    positiveWeight: z.union([z.number().min(1e-4).max(1e4), z.literal("balanced")]).optional(),
    /** The share of positives, as a public figure. Left out where it is needed: counted by a secure sum. */
    positiveShare: Share.optional(),
    /**
     * Shifts the finished model's log-odds so that its scores are probabilities again: at the training rows' own
     * share of positives or, where it is named, at the share among the rows that will be scored.
     */
    priorCorrection: z.strictObject({ deployedShare: Share.optional() }).optional(),
  })
  .superRefine((loss, context) => {
    const issue = (field: string, message: string): void =>
      context.addIssue({ code: "custom", path: [field], message });
    if (loss.kind === "crossEntropy" && loss.gamma !== undefined)
      issue("gamma", "is the focal loss's; use kind: focal, or leave it out");
    if (loss.kind === "focal" && loss.priorCorrection)
      issue(
        "priorCorrection",
        "does not go with kind: focal, which bends the scores so that no shift makes them probabilities; use kind: crossEntropy",
      );
    if (loss.priorCorrection && !usesShare(loss) && loss.positiveWeight === undefined)
      issue(
        "priorCorrection",
        "there is nothing to correct without positiveWeight or deployedShare",
      );
    if (loss.positiveShare !== undefined && !usesShare(loss))
      issue(
        "positiveShare",
        "is only used by positiveWeight: balanced and by deployedShare; leave it out",
      );
  });
export type LossSpec = z.infer<typeof LossSpec>;

/** Whether the loss needs to know the share of positives. */
export function usesShare({ positiveWeight, priorCorrection }: LossSpec): boolean {
  return positiveWeight === "balanced" || priorCorrection?.deployedShare !== undefined;
}
