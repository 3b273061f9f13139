/**
 * Holds a matching without noise against those that were answered before: an identifier that was added in between, or a
 * member that came, is found by the difference of two exact answers. Under noise there is no need: the ledger bounds
 * what all answers tell. Pure, but for the list of past questions that it is given.
 */
import type { PartitionedData } from "../../models/data.ts";
import { cellMinOf } from "../../models/tasks/cell-min.ts";
import { contextOf } from "../../models/tasks/context.ts";
import { identifiedRows } from "../../models/tasks/identified.ts";
import { canonicalJson } from "../../shared/base/canonical.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import type { Manifest } from "../../shared/charter/manifest.ts";
import type { MatchTask } from "../../shared/charter/match-spec.ts";
import { framedHash } from "../../shared/crypto/hash.ts";
import { LABELS } from "../../shared/crypto/labels.ts";
import type { PastQuestions } from "./past-questions.ts";

/** Sums of hashes that a set is remembered by; a unit adds to one of them. */
const BUCKETS = 4096;
const HEX_DIGITS = 8;

export class MatchGuard {
  readonly #charter: Charter;
  readonly #data: PartitionedData;
  readonly #past: PastQuestions;

  constructor(charter: Charter, data: PartitionedData, past: PastQuestions) {
    this.#charter = charter;
    this.#data = data;
    this.#past = past;
  }

  /**
   * Whether the answer, with one given before, could tell of fewer of this member's units than a cell may have. The same
   * once more tells nothing new: of the same members, by the same rules, of a set that has not changed. Anything else
   * has to differ by more units than that. Of one that was written off nobody knows which set it was of: none is far enough.
   */
  isolatesFew(manifest: Manifest): boolean {
    const { task } = manifest;
    if (task.kind !== "match" || manifest.privacy !== null) return false;
    const earlier = this.#past.list().flatMap(({ task: then, matched }) => {
      const isSameColumn = then.kind === "match" && then.column === task.column;
      return isSameColumn ? [{ rules: rulesOf(then), matched }] : [];
    });
    if (earlier.length === 0) return false;
    const sums = this.#sums(task);
    const [rules, members] = [rulesOf(task), membersOf(manifest)];
    // A unit that has changed is one that went and one that came.
    const least = 2 * cellMinOf(contextOf(this.#charter, manifest));
    return earlier.some(({ rules: then, matched }) => {
      if (!matched) return true;
      const changed = differing(matched.sums, sums);
      const isSame = then === rules && String(matched.members) === String(members);
      return changed === 0 ? !isSame : changed < least;
    });
  }

  /** Notes a matching in which this member's set is about to be let go. */
  answering(manifest: Manifest, runId: string): void {
    const { task } = manifest;
    if (task.kind !== "match" || manifest.privacy !== null) return;
    const matched = { members: membersOf(manifest), sums: this.#sums(task) };
    this.#past.add({ runId, task, matched });
  }

  /**
   * Of the column as it stands in the table, whatever a run's rules make of it: in each bucket the sum of the hashes of the
   * units that fall into it. Each bucket that differs has a unit that differs, so units are never fewer than that.
   */
  #sums(spec: MatchTask): string {
    const sums = new Uint32Array(BUCKETS);
    for (const { cells, unitStarts } of identifiedRows(
      { spec, schema: this.#charter.schema },
      this.#data,
    ))
      for (let unit = 0; unit + 1 < unitStarts.length; unit++) {
        const own = new Set(cells.slice(unitStarts[unit], unitStarts[unit + 1]));
        const hash = framedHash(LABELS.matchUnit, ...[...own].sort());
        const words = new DataView(hash.buffer, hash.byteOffset);
        const bucket = words.getUint32(0) % BUCKETS;
        sums[bucket] = (sums[bucket] ?? 0) + words.getUint32(4);
      }
    return Array.from(sums, (sum) => sum.toString(16).padStart(HEX_DIGITS, "0")).join("");
  }
}

function membersOf({ roster }: Manifest): string[] {
  return roster.map(({ memberId }) => memberId).sort();
}

/** What makes identifiers of cells, and decides whether they take part. */
function rulesOf({ phone, letterCase, sizeMin }: MatchTask): string {
  return canonicalJson({ phone: phone ? { ...phone } : null, letterCase, sizeMin });
}

/** In how many buckets they differ. */
function differing(a: string, b: string): number {
  let count = 0;
  for (let at = 0; at < HEX_DIGITS * BUCKETS; at += HEX_DIGITS)
    if (a.slice(at, at + HEX_DIGITS) !== b.slice(at, at + HEX_DIGITS)) count += 1;
  return count;
}
