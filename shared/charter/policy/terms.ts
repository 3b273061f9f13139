/** Rules: does the charter allow what the run asks, whom it names, and what it costs? Pure. */
import { twoThirds } from "../../secagg/params.ts";
import type { DatasetFacts, LedgerFacts, PolicyFacts, Reason } from "./facts.ts";
import { reasonList } from "./reason-list.ts";

export function taskReasons({ charter, manifest, task }: PolicyFacts): Reason[] {
  const { reasons, refuse } = reasonList();
  const { kind } = manifest.task;
  if (!charter.tasks.includes(kind)) refuse("taskNotAllowed", `the charter does not allow ${kind}`);
  const { sumsMax, epsilonMax, dimensionMax, binsMax } = charter.limits ?? {};
  if (sumsMax !== undefined && task.sums > sumsMax)
    refuse("tooManySums", `${task.sums} secure sums; the charter allows ${sumsMax}`);
  if (dimensionMax !== undefined && task.dimensionMax > dimensionMax)
    refuse("vectorTooLong", `vectors of ${task.dimensionMax}; the charter allows ${dimensionMax}`);
  if (binsMax !== undefined && task.bins > binsMax)
    refuse("tooManyBins", `${task.bins} score bins; the charter allows ${binsMax}`);
  const epsilon = manifest.privacy?.epsilon ?? 0;
  if (epsilonMax !== undefined && epsilon > epsilonMax)
    refuse("epsilonTooLarge", `ε = ${epsilon}; the charter allows ${epsilonMax} for one run`);
  return [...reasons, ...task.faults];
}

export function columnReasons({ charter, task }: PolicyFacts): Reason[] {
  const { reasons, refuse } = reasonList();
  const features = new Set(charter.schema.features.map(({ name }) => name));
  const { read, summed, grouped, joined } = task.columns;
  const rules = charter.columns ?? {};
  for (const name of read) {
    if (features.has(name) && rules[name]?.feature === false)
      refuse("columnNotAFeature", `column "${name}" may not be read by a model`);
  }
  for (const name of summed) {
    if (rules[name]?.sums === "never")
      refuse(
        "columnNeverSummed",
        `no sum of column "${name}", or by its values, may be opened (scaling: moments and boosted trees do)`,
      );
  }
  for (const name of grouped) {
    if (rules[name]?.group !== true)
      refuse("columnNotAGroup", `the charter does not let sums be broken down by column "${name}"`);
  }
  for (const name of joined) {
    if (rules[name]?.join !== true)
      refuse("columnNotAKey", `the charter does not let customers be matched by column "${name}"`);
  }
  return reasons;
}

export function purposeReasons({ charter, manifest }: PolicyFacts): Reason[] {
  const { purpose } = manifest;
  const { reasons, refuse } = reasonList();
  if (charter.purposes && purpose === undefined)
    refuse("purposeMissing", `the run names none of the purposes ${charter.purposes.join(", ")}`);
  if (purpose !== undefined && !charter.purposes?.includes(purpose))
    refuse("purposeNotAgreed", `the charter does not know the purpose ${purpose}`);
  return reasons;
}

export function receiverReasons({ charter, manifest }: PolicyFacts): Reason[] {
  const { reasons, refuse } = reasonList();
  for (const kind of ["models", "metrics"] as const) {
    for (const name of manifest.receivers?.[kind] ?? []) {
      if (!charter.receivers?.[kind].includes(name))
        refuse("receiverNotAgreed", `the charter does not hand ${kind} to ${name}`);
    }
  }
  return reasons;
}

/** Each to be proven by the noise's own reckoning: see `docs/privacy.md`. */
export function privacyReasons({ charter, manifest }: PolicyFacts): Reason[] {
  const { budget, unnoisedRuns, unitsExpected } = charter.privacy;
  const { privacy } = manifest;
  const refuse = (code: string, message: string): Reason[] => [{ code, message }];
  if (manifest.task.kind === "probe") return []; // It touches no record.
  if (!privacy)
    return unnoisedRuns === "allowed"
      ? []
      : refuse("noiseRequired", "the charter asks for noise; plan with privacy.epsilon");
  if (!budget) return refuse("noBudget", "the charter gives no privacy budget");
  if (privacy.delta !== budget.delta)
    return refuse("deltaMismatch", "delta differs from the charter's");
  if (privacy.unitsExpected !== unitsExpected)
    return refuse("unitsMismatch", "unitsExpected differs from the charter's");
  // Its noise is decoys, all other members may collude, and there is no secure sum that could not bear so many.
  if (manifest.task.kind === "match")
    return privacy.noisePlacement === undefined
      ? []
      : refuse("noiseUnknown", "the noise of a match is decoys: its manifest names no placement");
  if (privacy.decoys !== undefined)
    return refuse("noiseUnknown", "only a match has decoys for noise");
  if (privacy.noisePlacement === "central") {
    return charter.privacy.centralNoise === "allowed"
      ? []
      : refuse("centralNoiseRefused", "the charter does not trust the coordinator with exact sums");
  }
  if (privacy.noisePlacement === "local") return [];
  const honest = manifest.roster.length - privacy.maxDropouts - privacy.maxColluders;
  if (honest < 1 || privacy.maxColluders < 1)
    return refuse("noiseShareUnsafe", "maxDropouts and maxColluders leave no honest noise");
  // With so many colluding, two different sets of survivors could both be confirmed.
  if (2 * twoThirds(manifest.roster.length) <= manifest.roster.length + privacy.maxColluders)
    return refuse("tooManyColluders", "secure aggregation does not bear maxColluders among so few");
  return [];
}

/** A probe sums up zeros: it asks nothing of the data. */
export function datasetReasons(
  { charter, manifest }: PolicyFacts,
  { rows, units, isolatesFew = false }: DatasetFacts,
): Reason[] {
  const { reasons, refuse } = reasonList();
  if (isolatesFew)
    refuse(
      "isolatesFew",
      "with an earlier answer this one would tell of a few units: ask the earlier question again (not of a table that has changed by so few), a coarser one, or with noise",
    );
  const { minimums, rowsMax, dominanceMax, privacy } = charter;
  if (rows < minimums.rows) refuse("tooFewRows", "fewer rows than the charter asks");
  if (rows > rowsMax) refuse("tooManyRows", "more rows than the charter's rowsMax");
  if (minimums.units !== undefined && units < minimums.units)
    refuse("tooFewUnits", "fewer privacy units than the charter asks");
  const expected = privacy.unitsExpected;
  const share = dominanceMax !== undefined && expected !== null ? units / expected : 0;
  if (manifest.task.kind !== "probe" && dominanceMax !== undefined && share > dominanceMax)
    refuse("dominant", "so large a share of the units is here that sums would tell of this member");
  return reasons;
}

export function ledgerReasons(_: PolicyFacts, { partitions }: LedgerFacts): Reason[] {
  const { reasons, refuse } = reasonList();
  for (const { partition, fits } of partitions) {
    if (!fits) refuse("budgetTooSmall", `the ${partition} budget does not suffice for this run`);
  }
  return reasons;
}
