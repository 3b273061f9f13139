/**
 * What a model or an answer says of its own privacy: as data, and as sentences for people. Made from
 * charter, manifest and the answers that members gave; attached to whatever a run hands out. Pure.
 *
 * @see NIST SP 800-226, Guidelines for Evaluating Differential Privacy Guarantees, 2025: what a claim
 *   has to state.
 */
import { counted } from "../shared/base/counted.ts";
import type { Charter } from "../shared/charter/charter.ts";
import type { Manifest, ManifestPrivacy } from "../shared/charter/manifest.ts";
import type { PrivacyAccountant } from "../shared/privacy/accounting/accountant.ts";
import type { SingleDpEvent } from "../shared/privacy/accounting/events.ts";
import {
  type AcrossMembers,
  acrossMembers,
  acrossText,
} from "../shared/privacy/accounting/group.ts";
import { hasLossDistribution, pldAccountant } from "../shared/privacy/accounting/pld/accountant.ts";
import { rdpAccountant } from "../shared/privacy/accounting/rdp.ts";
import {
  type AskCounts,
  type Partition,
  releasesOf,
  releasesOnce,
} from "./tasks/privacy-events.ts";

/** One part of a member's units, and what was released of it. */
export interface PartitionStatement {
  readonly partition: Partition;
  readonly releases: number;
  readonly event: SingleDpEvent;
  /** At the statement's δ, by two accountants. The first is the claim, the second what ledgers enforce. */
  readonly epsilonPld: number;
  readonly epsilonRdp: number;
}

export interface PrivacyStatement {
  readonly version: 1;
  /** Null: secure aggregation only, no differential privacy. */
  readonly guarantee: Guarantee | null;
  readonly unit: { readonly kind: "entity" | "record"; readonly column: string | null };
  readonly notCovered: readonly string[];
}

export interface Guarantee {
  /** The larger of the partitions': a unit is in one of them. */
  readonly epsilon: number;
  readonly delta: number;
  /** `rdp`: of several identifiers of a unit in a matching, for which no loss distribution is known here. */
  readonly accountant: "pld" | "rdp";
  readonly neighboringRelation: "add-or-remove-one";
  readonly sampler: "poisson" | "none";
  readonly noise: "discrete Gaussian" | "decoys";
  readonly noisePlacement: NonNullable<ManifestPrivacy["noisePlacement"]>;
  readonly members: number;
  readonly maxDropouts: number;
  readonly maxColluders: number;
  readonly partitions: readonly PartitionStatement[];
  /** Somebody with records at several members: upper bounds at the same δ, by privacy loss distributions. */
  readonly acrossMembers: readonly AcrossMembers[];
  readonly trusted: readonly string[];
}

/** @param counts Answers that members gave, those of attempts that failed included. Left out: as planned. */
export function privacyStatement(
  charter: Charter,
  manifest: Manifest,
  counts?: AskCounts,
): PrivacyStatement {
  const { unit } = charter.schema;
  return {
    version: 1,
    guarantee: manifest.privacy && guaranteeOf(charter, manifest, manifest.privacy, counts),
    unit: { kind: unit ? "entity" : "record", column: unit?.column ?? null },
    notCovered: notCovered(manifest),
  };
}

function guaranteeOf(
  charter: Charter,
  manifest: Manifest,
  privacy: ManifestPrivacy,
  counts: AskCounts | undefined,
): Guarantee {
  const { delta, maxDropouts, maxColluders, noisePlacement = "distributed" } = privacy;
  const partitions = releasesOf(charter, manifest, counts).map(
    ({ partition, event, count }): PartitionStatement => {
      const spent = (accountant: PrivacyAccountant): number =>
        accountant.compose({ kind: "selfComposed", event, count }).getEpsilon(delta);
      const epsilonRdp = spent(rdpAccountant());
      const epsilonPld = hasLossDistribution(event) ? spent(pldAccountant()) : epsilonRdp;
      return { partition, releases: count, event, epsilonPld, epsilonRdp };
    },
  );
  const isDecoys = privacy.decoys !== undefined;
  return {
    epsilon: Math.max(0, ...partitions.map(({ epsilonPld }) => epsilonPld)),
    delta,
    accountant: partitions.every(({ event }) => hasLossDistribution(event)) ? "pld" : "rdp",
    neighboringRelation: "add-or-remove-one",
    sampler: isDecoys ? "none" : "poisson",
    noise: isDecoys ? "decoys" : "discrete Gaussian",
    noisePlacement,
    members: manifest.roster.length,
    maxDropouts,
    maxColluders,
    partitions,
    acrossMembers: acrossMembers(
      releasesOnce(charter, manifest, counts),
      delta,
      manifest.roster.length,
    ),
    trusted: isDecoys ? DECOYS_TRUSTED : trusted(noisePlacement, maxColluders),
  };
}

const MACHINE = "each member's own machine, its operating system's generator, and this software";

const DECOYS_TRUSTED = [
  MACHINE,
  "that the other members, whoever of them colludes with the coordinator, mask as the protocol says and put in their decoys",
];

function trusted(placement: Guarantee["noisePlacement"], maxColluders: number): string[] {
  if (placement === "local") return [MACHINE];
  if (placement === "central")
    return [MACHINE, "the coordinator: it sees exact sums, and adds the noise itself"];
  return [
    MACHINE,
    `that at most ${counted(maxColluders, "member colludes", "members collude")} with the coordinator`,
  ];
}

const NOT_COVERED = [
  "other runs on the same records: what all runs together have spent is in each member's ledger",
  "a person whose records are at several members, beyond the bound that is given for one run: no ledger adds the losses at others to its own",
  "what the model tells about people in general, which it would tell without any one of them",
  "the charter, the schema with its bounds and categories, and who took part",
  "running times, which depend on draws and data",
];

const OF_DECOYS = [
  "that a member declines since it has more identifiers than the run has room for",
  ...NOT_COVERED,
];

const WITHOUT_NOISE = [
  "what the opened sums tell: no noise was added, and a record may be learnt from a sum or a model",
  "a person whose records are at several members: the losses add",
  ...NOT_COVERED.slice(2),
];

function notCovered({ privacy }: Manifest): readonly string[] {
  if (!privacy) return WITHOUT_NOISE;
  return privacy.decoys === undefined ? NOT_COVERED : OF_DECOYS;
}

/** The statement in sentences, for a model card, a report or a screen. */
export function statementLines({ guarantee, unit, notCovered }: PrivacyStatement): string[] {
  const what = unit.column === null ? "one record" : `all records of one "${unit.column}"`;
  const lines = guarantee
    ? guaranteeLines(guarantee, `${what} of one member`)
    : [
        "No differential privacy: members' contributions are hidden in sums, and the sums are exact.",
      ];
  return [...lines, `Not covered: ${notCovered.join("; ")}.`];
}

function guaranteeLines(guarantee: Guarantee, unit: string): string[] {
  const { epsilon, delta, noise, noisePlacement, members, maxDropouts, maxColluders } = guarantee;
  const cohort =
    noise === "discrete Gaussian" && noisePlacement === "distributed"
      ? ` They suffice with ${maxDropouts} of ${members} members gone and ${maxColluders} colluding.`
      : "";
  const parts = guarantee.partitions.map(
    ({ partition, releases, event, epsilonPld, epsilonRdp }) =>
      `  ${partition}: ${counted(releases, "release")} (${eventText(event)}), ε = ${epsilonPld.toFixed(4)}; by Rényi accounting ${epsilonRdp.toFixed(4)}.`,
  );
  return [
    `Differential privacy for ${unit}: ε = ${epsilon.toFixed(4)} at δ = ${delta}, whether it is there or not (add-or-remove-one).`,
    ...parts,
    `Somebody with records at several members loses more; at the same δ, by the number of members, at most: ${acrossText(guarantee.acrossMembers)}.`,
    noise === "decoys"
      ? "Noise: decoys that only the member knows to be in its set or not; against the coordinator with all other members."
      : `Noise: discrete Gaussian on integers, ${PLACEMENTS[noisePlacement]}.${cohort}`,
    `Trusted: ${guarantee.trusted.join("; ")}.`,
  ];
}

const PLACEMENTS: Readonly<Record<Guarantee["noisePlacement"], string>> = {
  distributed: "in shares of all members, added before secure aggregation",
  local: "all of it added by every member, before secure aggregation",
  central: "added by the coordinator to the opened sum",
};

function eventText(event: SingleDpEvent): string {
  if (event.kind === "gaussian") return `all units, z = ${event.noiseMultiplier.toPrecision(4)}`;
  if (event.kind === "binomial") return `${event.trials} coins a count`;
  if (event.kind !== "poissonSampled") return event.kind;
  const { samplingProbability, event: inner } = event;
  return `units sampled with q = ${samplingProbability}, z = ${inner.noiseMultiplier.toPrecision(4)}`;
}
