/**
 * Runs that are proposed and have not begun: who was asked, who said what, and whose turn it is. Everything is in the
 * runs' logs; here is what follows from it. Pure: the log, the members and the clock are ports.
 */
import type { Clock } from "../../shared/base/env.ts";
import { badInput } from "../../shared/base/errors.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import {
  type Decision,
  isSignedDecision,
  standingOf,
  supersedes,
} from "../../shared/charter/decision.ts";
import { isWithinHours } from "../../shared/charter/governance.ts";
import { type Manifest, manifestText, runIdOf } from "../../shared/charter/manifest.ts";
import type { CoordinatorMessage } from "../../shared/protocol/messages.ts";
import type { RunEvent, StartedBy } from "./events.ts";

export interface Proposal {
  readonly runId: string;
  readonly charter: Charter;
  readonly manifest: Manifest;
  decisions: readonly Decision[];
}

export interface ProposalPorts {
  readonly clock: Clock;
  readonly append: (event: RunEvent) => void;
  readonly send: (room: string, memberIds: readonly string[], message: CoordinatorMessage) => void;
}

type Closing = Extract<CoordinatorMessage, { type: "proposalClosed" }>["code"];

export class Proposals {
  readonly #ports: ProposalPorts;
  /** In the order in which they were made. */
  readonly #open = new Map<string, Proposal>();

  constructor(ports: ProposalPorts) {
    this.#ports = ports;
  }

  propose(charter: Charter, manifest: Manifest, startedBy?: StartedBy): string {
    const runId = runIdOf(manifest);
    const proposal = { runId, charter, manifest, decisions: [] };
    const atMs = this.#ports.clock.nowMs();
    this.#ports.append({ type: "created", runId, atMs, manifest, startedBy });
    this.#open.set(runId, proposal);
    this.#ask(proposal, memberIdsOf(manifest));
    return runId;
  }

  /** After a restart, in the order of the logs. */
  resume(proposal: Proposal): void {
    this.#open.set(proposal.runId, proposal);
  }

  /** A new session of a member: it may not have been asked, or its answer was lost. */
  connected(room: string, memberId: string): void {
    for (const proposal of this.#open.values()) {
      const isAsked = memberIdsOf(proposal.manifest).includes(memberId);
      if (proposal.manifest.room === room && isAsked) this.#ask(proposal, [memberId]);
    }
  }

  /** @returns Null, or why the word does not count: `notProposed`, `badSignature`. */
  decide(room: string, decision: Decision): string | null {
    const proposal = this.#open.get(decision.runId);
    if (proposal?.manifest.room !== room) return null; // Begun or closed meanwhile: normal.
    const { runId, manifest, charter, decisions } = proposal;
    if (!isSignedDecision(manifest, runId, decision)) return "badSignature";
    const known = decisions.find(({ memberId }) => memberId === decision.memberId);
    if (known && !supersedes(decision, known)) return null;
    const atMs = this.#ports.clock.nowMs();
    this.#ports.append({ type: "decided", runId, atMs, decision });
    proposal.decisions = [...decisions.filter((one) => one !== known), decision];
    if (standingOf(charter, proposal.decisions).type === "vetoed") this.#close(proposal, "vetoed");
    return null;
  }

  /** @throws {CloisterError} If the run is no proposal any more. */
  cancel(runId: string): void {
    const proposal = this.#open.get(runId);
    if (!proposal)
      throw badInput("run.not-proposed", `${runId.slice(0, 12)}: the run has begun or was refused`);
    this.#close(proposal, "cancelled");
  }

  /** A member's key is none any more: what lists it will never be a run. */
  keyGone(room: string, identityKey: string): void {
    for (const proposal of this.#open.values()) {
      const { manifest } = proposal;
      const isListed = manifest.roster.some((member) => member.identityKey === identityKey);
      if (manifest.room === room && isListed) this.#close(proposal, "cancelled");
    }
  }

  /** The charter is about to change: nothing that was proposed under it will be a run. */
  amended(room: string): void {
    for (const proposal of this.#open.values())
      if (proposal.manifest.room === room) this.#close(proposal, "amended");
  }

  /**
   * The oldest approved proposal of a room that is free, which is one no more: it begins. Null: there is none.
   *
   * @param busy Rooms in which a run is under way.
   */
  takeApproved(busy: ReadonlySet<string> = new Set()): Proposal | null {
    const nowMs = this.#ports.clock.nowMs();
    for (const proposal of this.#open.values())
      if (nowMs >= proposal.manifest.expiresAtMs) this.#close(proposal, "expired");
    for (const proposal of this.#open.values()) {
      const { charter, decisions } = proposal;
      if (busy.has(charter.room)) continue;
      if (standingOf(charter, decisions).type !== "approved") continue;
      if (charter.hours && !isWithinHours(charter.hours, nowMs)) continue;
      this.#open.delete(proposal.runId);
      this.#tell(proposal, "begun");
      return proposal;
    }
    return null;
  }

  #ask({ runId, manifest }: Proposal, memberIds: readonly string[]): void {
    const message = { type: "runProposed", runId, manifest: manifestText(manifest) } as const;
    this.#ports.send(manifest.room, memberIds, message);
  }

  #close(proposal: Proposal, code: Exclude<Closing, "begun">): void {
    const { runId } = proposal;
    this.#open.delete(runId);
    this.#ports.append({ type: "refused", runId, atMs: this.#ports.clock.nowMs(), code });
    this.#tell(proposal, code);
  }

  #tell({ runId, manifest }: Proposal, code: Closing): void {
    const message = { type: "proposalClosed", runId, code } as const;
    this.#ports.send(manifest.room, memberIdsOf(manifest), message);
  }
}

const memberIdsOf = ({ roster }: Manifest): string[] => roster.map(({ memberId }) => memberId);
