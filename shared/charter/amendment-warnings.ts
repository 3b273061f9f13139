/** What a change of a charter means, in plain words, and where it protects members or their customers less. Pure. */
import type { Charter } from "./charter.ts";
import { approvalsRequired, CELL_MIN, hasVeto } from "./governance.ts";

/** One change; null: not there. */
interface Changed {
  readonly field: string;
  readonly before: string | null;
  readonly after: string | null;
}

const WORDS: Readonly<Record<string, string>> = {
  "minimums.members": "fewest members in a sum",
  "minimums.rows": "fewest rows of a member that takes part",
  "minimums.units": "fewest privacy units of a member that takes part",
  "minimums.cell": "fewest rows in a cell of an exact answer",
  "privacy.budget": "each member's privacy budget",
  "privacy.budget.epsilon": "what one privacy unit may lose in all",
  "privacy.budget.delta": "the probability beyond that",
  "privacy.budget.rdpOrder": "the order at which the ledger adds up",
  "privacy.unnoisedRuns": "sums without noise",
  "privacy.centralNoise": "exact sums at the coordinator, which adds the noise",
  "privacy.unitsExpected": "estimate of all members' units together",
  "governance.approvals": "members that must approve a run",
  "governance.mustApprove": "without whose approval nothing runs",
  "governance.vetoes": "whose veto ends a proposal",
  "governance.confirmedRoster": "keys compared by telephone",
  "governance.keyDays": "days for which a key is good",
  "governance.release.approvals": "members that must review a model",
  "governance.release.mustApprove": "without whose review no model goes out",
  "receivers.models": "who may be handed models",
  "receivers.metrics": "who may be handed metrics and answers",
  dominanceMax: "largest share of one member",
  rowsMax: "most rows of one member",
  holdoutFraction: "share of the units kept out of training",
  retentionDays: "days for which the coordinator keeps results",
  expiresOn: "last day on which a run may begin",
  tasks: "what may be run",
  purposes: "what a run may be for",
};

/** Null: the field's name says it. */
export const wordsOf = (field: string): string | null => WORDS[field] ?? null;

type Test = (before: string | null, after: string | null) => boolean;

const fell: Test = (before, after) =>
  before !== null && !(Number(after ?? "NaN") >= Number(before));
const rose: Test = (before, after) =>
  before !== null && !(Number(after ?? "NaN") <= Number(before));
const roseOrCame: Test = (before, after) =>
  after !== null && !(before !== null && Number(after) <= Number(before));
const came: Test = (before, after) => before === null && after !== null;
const went: Test = (before, after) => before !== null && after === null;
const becomes =
  (value: string): Test =>
  (before, after) =>
    after === value && before !== value;
const stopsBeing =
  (value: string): Test =>
  (before, after) =>
    before === value && after !== value;
const any: Test = () => true;
/** @param silent What counts where the charter says nothing. */
const fellFrom =
  (silent: number): Test =>
  (before, after) =>
    Number(after ?? silent) < Number(before ?? silent);

const VETOES = "some members' vetoes end no proposal any more";

const RULES: readonly (readonly [field: RegExp, test: Test, warning: string])[] = [
  [/^minimums\.cell$/, fellFrom(CELL_MIN), "fewer suffice than before"],
  [/^minimums\.(?!cell$)/, fell, "fewer suffice than before"],
  [/^privacy\.budget\.(epsilon|delta)$/, roseOrCame, "customers may lose more than was promised"],
  [/^privacy\.budget\.rdpOrder$/, any, "chosen anew after answers were seen: docs/ledger.md"],
  [/^privacy\.unnoisedRuns$/, becomes("allowed"), "sums may be opened without noise"],
  [/^privacy\.centralNoise$/, becomes("allowed"), "the coordinator may see exact sums"],
  [/^privacy\.unitsExpected$/, rose, "shares are reckoned of more units"],
  [/^dominanceMax$/, rose, "one member may be more of a sum"],
  [/^rowsMax$/, rose, "one member may be more of a sum"],
  [/^governance\.mustApprove$/, went, "runs may begin without this member"],
  [/^governance\.vetoes$/, stopsBeing("any"), VETOES],
  [/^governance\.vetoes$/, went, "this member's veto ends no proposal any more"],
  [/^governance\.confirmedRoster$/, went, "keys that nobody compared suffice"],
  [/^governance\.keyDays$/, rose, "keys are good for longer"],
  [/^governance\.release\.approvals$/, fell, "models go out after fewer reviews"],
  [/^governance\.release\.mustApprove$/, went, "models go out without this member"],
  [/^limits\./, rose, "one run may ask for more"],
  [/^columns\..*\.(group|join)$/s, becomes("true"), "the column may be used for more"],
  [/^columns\..*\.feature$/s, stopsBeing("false"), "models may read the column"],
  [/^columns\..*\.sums$/s, stopsBeing("never"), "sums of the column may be opened"],
  [/^receivers\./, came, "results go to more"],
  [/^receivers\./, went, "somebody receives results no more; named nobody, whoever asks may"],
  [/^hours\./, any, "runs may begin at other hours"],
  [/^expiresOn$/, went, "runs may begin without end"],
  [/^expiresOn$/, (before, after) => (after ?? "") > (before ?? ""), "runs may begin for longer"],
  [/^retentionDays$/, rose, "the coordinator keeps results for longer"],
  [/^tasks$/, came, "more may be run"],
  [/^purposes$/, any, "runs are for other purposes: do they agree with what customers were told?"],
  [/^purpose$/, any, "does the new purpose agree with what customers were told?"],
  [/^legalBasis\./, any, "does the new basis carry what was begun?"],
  [/^schema\.(features|others|identifiers)\..*\.type$/s, came, "a column is opened"],
  [/^schema\..*\.type$/s, went, "exact answers on it are held against later ones no more"],
  [
    /^schema\.unit/,
    any,
    "budgets would count other units, which a ledger refuses for data that it knows",
  ],
  [/^schema\.label/, any, "models of before do not fit"],
  [/^holdoutFraction$/, any, "units are divided anew: what either side spent counts against both"],
  [/^members$/, came, "sees what members see; its key takes a telephone round"],
  [/^members$/, went, "has to leave the room first (cloister agent leave)"],
];

/** @returns Null where nothing is known against it. */
export function warningOf(
  changed: Changed,
  before: Pick<Charter, "governance" | "members">,
  after: Pick<Charter, "governance" | "members">,
): string | null {
  const { field } = changed;
  const rule = RULES.find(
    ([pattern, test]) => pattern.test(field) && test(changed.before, changed.after),
  );
  const warnings = rule ? [rule[2]] : [];
  if (field === "members" || field === "governance.approvals")
    warnings.push(...approvalsWarning(before, after));
  // Where nothing is said everybody has one.
  const loses = (memberId: string): boolean => !hasVeto(after.governance, memberId);
  if (field === "governance.vetoes" && !before.governance && after.members.some(loses))
    warnings.push(VETOES);
  return warnings.length > 0 ? warnings.join("; ") : null;
}

/** Two of three is more than two of four. */
function approvalsWarning(
  before: Pick<Charter, "governance" | "members">,
  after: Pick<Charter, "governance" | "members">,
): string[] {
  const [old, next] = [approvalsRequired(before), approvalsRequired(after)];
  if (next * before.members.length >= old * after.members.length) return [];
  const [all, now] = [before.members.length, after.members.length];
  return [`${next} of ${now} members approve a run where ${old} of ${all} did`];
}
