/**
 * EDGE: the gate's other door, for matching: what is computed from a member's identifiers leaves here as sealed points,
 * masked and shuffled, never alone. The ledger notes the answer, durably, before the first that depends on a record.
 */
import type { PartitionedData } from "../../models/data.ts";
import { contextOf } from "../../models/tasks/context.ts";
import { matchIdentifiers } from "../../models/tasks/match/identifiers.ts";
import { MATCH_RELEASE, matchTask } from "../../models/tasks/match/match.ts";
import { assert } from "../../shared/base/assert.ts";
import type { Rng } from "../../shared/base/env.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import { type Manifest, seatOf } from "../../shared/charter/manifest.ts";
import { matchParams } from "../../shared/charter/match-params.ts";
import type { Identity } from "../../shared/crypto/identity.ts";
import { RelayMatchMessage } from "../../shared/matching/messages.ts";
import { type MatchParams, VALUE_BYTES } from "../../shared/matching/params.ts";
import { matchSet } from "../../shared/matching/set.ts";
import type { SingleDpEvent } from "../../shared/privacy/accounting/events.ts";
import { decode, encode } from "../../shared/protocol/codec.ts";
import { LIMITS } from "../../shared/protocol/limits.ts";
import type { Account } from "../ledger/account.ts";
import { Matching } from "./matching.ts";
import type { FromGate, GateRefusal } from "./messages.ts";

interface MatchDoorParams {
  readonly charter: Charter;
  readonly memberId: string;
  readonly identity: Identity;
  readonly data: PartitionedData;
  readonly ledger: Account;
  readonly rng: Rng;
  /** Of the run that the gate has taken up, by its id; null: another, or none. */
  readonly takenUp: (runId: string) => Manifest | null;
  /** Called before this member's word leaves by which the others let its set go: what was answered exactly is remembered. */
  readonly onLeaving: (runId: string) => void;
}

interface Run {
  readonly runId: string;
  readonly match: MatchParams;
  readonly matching: Matching;
  /** Encoded, and not handed over yet. */
  said: Uint8Array[];
  progress: { readonly done: number; readonly total: number };
  /** Null: no thread has failed. */
  failure: unknown;
  isDebited: boolean;
  isLeaving: boolean;
  /** What the ledger is charged for; null: no noise, and no guarantee. */
  readonly event: SingleDpEvent | null;
}

type Said = Extract<FromGate, { type: "matchSaid" | "refused" }>;

export class MatchDoor {
  readonly #params: MatchDoorParams;
  #run: Run | null = null;

  constructor(params: MatchDoorParams) {
    this.#params = params;
  }

  /** What there is to say first: nothing of it depends on a record. @throws {CloisterError} If the set is too large. */
  async begin(runId: string): Promise<Said> {
    await this.#giveUp();
    const manifest = this.#params.takenUp(runId);
    if (manifest?.task.kind !== "match") return refused("notTakenUp");
    if (this.#params.ledger.lastAttempt(runId) >= 0) return refused("alreadyAnswered");
    const run = this.#open(runId, manifest);
    this.#run = run;
    run.matching.begin();
    return this.#said(run);
  }

  /** What there is to say to these messages, once all their work is done. */
  async hear(runId: string, bodies: readonly Uint8Array[]): Promise<Said> {
    const run = this.#run;
    if (run?.runId !== runId) return refused("notTakenUp");
    for (const body of bodies) {
      const refusal = this.#take(run, body);
      if (!refusal) continue;
      await this.#giveUp();
      return refused(refusal);
    }
    await run.matching.idle();
    const said = this.#said(run);
    if (run.matching.isOver) await this.#giveUp();
    return said;
  }

  #open(runId: string, manifest: Manifest): Run {
    const { charter, memberId, identity, data, rng } = this.#params;
    const match = matchParams(manifest, charter, runId);
    const { task } = manifest;
    const context = contextOf(charter, manifest);
    assert(task.kind === "match", "only a match is begun here");
    const own = { ...context, spec: task };
    const index = seatOf(manifest, memberId);
    const set = matchSet(match, index, matchIdentifiers(own, data).taking, rng);
    const member = { match, index, identity, rng };
    const matching = new Matching(member, set, {
      send: (message) => {
        if (message.type === "matchReady") this.#leaving(run);
        run.said.push(encode(message));
      },
      onProgress: (done, total) => {
        run.progress = { done, total };
      },
      onFailure: (error) => {
        run.failure = error;
      },
    });
    const progress = { done: 0, total: 0 };
    const run: Run = {
      runId,
      match,
      matching,
      said: [],
      progress,
      failure: null,
      isDebited: false,
      isLeaving: false,
      event: matchTask.otherRelease(own)?.event ?? null,
    };
    return run;
  }

  /** @returns Why nothing more of this run may leave; null: it may. */
  #take(run: Run, body: Uint8Array): GateRefusal | null {
    const heard = decode(RelayMatchMessage, body, LIMITS.matchBodyBytesMax);
    if (!heard.ok) return "malformed";
    // All that depends on a record comes after this one.
    const refusal = heard.message.type === "matchMembers" ? this.#debit(run) : null;
    if (refusal) return refusal;
    run.matching.hear(heard.message);
    return null;
  }

  /**
   * Another member is the last to hold this one's set, and lets it go once all are ready: whether this one hears of the
   * release is up to the coordinator.
   */
  #leaving(run: Run): void {
    if (run.isLeaving) return;
    this.#params.onLeaving(run.runId);
    run.isLeaving = true;
  }

  #debit(run: Run): GateRefusal | null {
    if (run.isDebited) return null;
    const { runId, match, event } = run;
    const outcome = this.#params.ledger.debit({
      runId,
      round: 0,
      attempt: 0,
      askKind: MATCH_RELEASE,
      partition: "all",
      event,
      parameters: { dimension: match.setSize, ringBits: 8 * VALUE_BYTES },
    });
    run.isDebited = outcome === "debited";
    return outcome === "debited" ? null : outcome;
  }

  #said(run: Run): Said {
    if (run.failure) throw run.failure;
    const bodies = run.said;
    run.said = [];
    return { type: "matchSaid", bodies, ...run.progress };
  }

  /** Its keys and sets end with it. */
  async #giveUp(): Promise<void> {
    const run = this.#run;
    this.#run = null;
    if (!run) return;
    run.matching.hear({ type: "matchEnded", reason: { code: "cancelled", member: null } });
    await run.matching.close();
  }
}

const refused = (code: GateRefusal): Said => ({ type: "refused", code });
