/**
 * A member's own rules, in its agent's folder. They are told to nobody, and can only tighten what the charter allows:
 * every field is one more reason to refuse. Pure.
 */
import { z } from "zod";
import { MemberId } from "../../protocol/messages.ts";
import { Hours } from "../governance.ts";
import { TASK_KINDS } from "../task-kinds.ts";

const TaskKind = z.enum(TASK_KINDS);
const Tags = z.array(MemberId);

/** Runs within all of these bounds are approved without asking a person. An empty rule: all that is not refused. */
const AutoApproval = z.strictObject({
  tasks: z.array(TaskKind).optional(),
  purposes: Tags.optional(),
  /** ε of the run. Runs without noise have none, and are not within any bound. */
  epsilonMax: z.number().positive().optional(),
  sumsMax: z.int().min(1).optional(),
});
export type AutoApproval = z.infer<typeof AutoApproval>;

export const LocalPolicy = z.strictObject({
  version: z.literal(1),
  tasks: z.array(TaskKind).optional(),
  purposes: Tags.optional(),
  /** ε of one run. */
  epsilonMax: z.number().positive().optional(),
  sumsMax: z.int().min(1).optional(),
  membersMin: z.int().min(3).optional(),
  rowsMin: z.int().min(1).optional(),
  unitsMin: z.int().min(1).optional(),
  unnoisedRuns: z.literal("refused").optional(),
  centralNoise: z.literal("refused").optional(),
  /** Columns that no run of this agent may read. */
  columnsRefused: z.array(z.string()).optional(),
  /** Nobody else may be handed results. */
  receivers: Tags.optional(),
  hours: Hours.optional(),
  /** Take part only in runs that this member itself approved, whatever the others did. */
  onlyApproved: z.boolean().optional(),
  /** Nothing but probes until this member's people have confirmed the roster. */
  confirmedRosterOnly: z.boolean().optional(),
  autoApprove: z.array(AutoApproval).default([]),
});
export type LocalPolicy = z.infer<typeof LocalPolicy>;

/** Where a member wrote no rules: what the charter allows, and nothing is approved unseen. */
export const NO_POLICY: LocalPolicy = { version: 1, autoApprove: [] };
