/**
 * The agent's side of a room: offers, rounds, refusals. Answers the coordinator's messages one at a time; believes
 * nothing unchecked. Sealed vectors only: records are behind the gate. Pure: gate, network and disk are ports.
 */
import { bytesToFloat32 } from "../shared/base/bytes.ts";
import { CloisterError } from "../shared/base/errors.ts";
import type { Decision } from "../shared/charter/decision.ts";
import type { Manifest } from "../shared/charter/manifest.ts";
import { sha256 } from "../shared/crypto/hash.ts";
import type { Delivery } from "../shared/protocol/inbox.ts";
import type { CoordinatorMessage } from "../shared/protocol/messages.ts";
import {
  type AgentState,
  beginAttempt,
  commit,
  forget,
  include,
  signMasked,
} from "../shared/secagg/agent.ts";
import { caughtAt } from "./follow.ts";
import type { FromGate } from "./gate/messages.ts";
import type { History } from "./history.ts";
import { joinedSession, joinMessage, pinRoster } from "./join.ts";
import { MatchSession } from "./match-session.ts";
import type { MemberParams } from "./member-ports.ts";
import { type Assessed, answerOffer } from "./offer.ts";
import { type Asked, Openings } from "./openings.ts";
import { openedOnce, placeOf } from "./place.ts";
import { considerProposal, tell } from "./proposals.ts";
import { membersOf, type RunSession } from "./run-session.ts";
import { sharesGiven } from "./shares.ts";

type Of<T extends CoordinatorMessage["type"]> = Extract<CoordinatorMessage, { type: T }>;
type Unattached = "runProposed" | "proposalClosed" | "runOffered" | "rejected" | "matching";
type RunMessage = Exclude<CoordinatorMessage, Of<Unattached | "roomExtended">>;

interface Run {
  readonly runId: string;
  readonly manifest: Manifest;
  readonly session: RunSession;
  /** Null until the first opening is seen. */
  history: History | null;
}

interface Attempt {
  readonly run: Run;
  /** What may be opened over one set of members only; null: nothing. */
  readonly asked: Asked | null;
  state: AgentState;
}

export class Member {
  readonly #params: MemberParams;
  #run: Run | null = null;
  #attempt: Attempt | null = null;
  #lastAttempt = -1;
  /** Outlives sessions: a coordinator may end one at any time. */
  readonly #openings = new Openings();
  readonly #matching: MatchSession;
  /** Counts offers and sessions: what the gate says about an earlier one is of no interest. */
  #offers = 0;

  constructor(params: MemberParams) {
    this.#params = params;
    this.#matching = new MatchSession(params);
  }

  /** A new session: the coordinator has forgotten us; the secrets of the run are worth nothing now. */
  reset(): void {
    this.#offers += 1;
    this.#matching.end();
    this.#run = null;
    this.#forget();
  }

  /** A person at this member decided on a proposed run. */
  decided(decision: Decision): void {
    tell(this.#params, decision);
    if (decision.decision !== "vetoed") return;
    this.#matching.vetoed(decision.runId);
    if (this.#run?.runId === decision.runId) this.reset();
  }

  deliver({ message, vector }: Delivery<CoordinatorMessage>): void {
    switch (message.type) {
      case "runProposed":
        return considerProposal(this.#params, message);
      case "proposalClosed":
        return this.#params.vault.closeProposal(message.runId, message.code);
      case "runOffered":
        return this.#consider(message);
      case "rejected":
        return this.#params.report({ type: "rejected", code: message.code });
      case "matching":
        return this.#matching.hear(message);
      default:
        if ("runId" in message) this.#takeSafely(message, vector);
    }
  }

  /** What a task cannot make sense of (an ask that it does not know, a vector that does not fit) is a refusal. */
  #takeSafely(message: RunMessage, vector: Uint8Array): void {
    if (message.type === "runEnded") this.#matching.ended(message);
    const run = this.#run;
    if (run?.runId !== message.runId) return;
    try {
      this.#take(run, message, vector);
    } catch (error) {
      // Whatever a message does to us, the agent stays: of a message that breaks it, it says the kind only.
      const code = error instanceof CloisterError ? error.code : `broken.${message.type}`;
      this.#withdraw(run, "attempt" in message ? message.attempt : 0, code);
    }
  }

  #take(run: Run, message: RunMessage, vector: Uint8Array): void {
    switch (message.type) {
      case "membersJoined":
        return this.#params.send(run.session.membersJoined(message));
      case "channelSecret":
        return run.session.channelSecret(message);
      case "batchOpened": {
        const prekeys = run.session.batchOpened(message);
        return prekeys ? this.#params.send(prekeys) : undefined;
      }
      case "batchDealt":
        return run.session.batchDealt(message);
      case "roundOpened":
        return this.#open(run, message, vector);
      case "committed":
        return this.#mask(message);
      case "included":
        return this.#confirm(message);
      case "certified":
      case "sharesAsked":
        return this.#reveal(message);
      case "runEnded":
        return this.#end(run, message);
    }
  }

  #consider(message: Of<"runOffered">): void {
    this.reset();
    const offer = this.#offers;
    answerOffer(this.#params, message, (manifest, reply) => {
      if (this.#offers !== offer) return;
      pinRoster(this.#params, manifest);
      if (manifest.task.kind === "match") return this.#matching.begin(message.runId);
      this.#openings.begin(message.runId, reply.lastRound);
      this.#joinRun(message.runId, manifest, reply);
    });
  }

  #joinRun(runId: string, manifest: Manifest, { lastAttempt, engine }: Assessed): void {
    const { send, report } = this.#params;
    const session = joinedSession(this.#params, runId, manifest);
    // What the ledger has answered is never answered again, whatever this process remembers.
    this.#lastAttempt = lastAttempt;
    this.#run = { runId, manifest, session, history: null };
    send(joinMessage(session, engine));
    report({ type: "joined", runId });
  }

  #open(run: Run, message: Of<"roundOpened">, input: Uint8Array): void {
    const { charter, gate, report, send } = this.#params;
    const { runId, round, attempt, askKind } = message;
    // An attempt number is used once: never two answers under one number.
    if (attempt <= this.#lastAttempt) return;
    this.#lastAttempt = attempt;
    this.#forget();
    const place = placeOf(charter, run.manifest, message);
    if (!this.#follow(run, message, place.askHash)) return;
    if (input.length % 4 !== 0) return this.#withdraw(run, attempt, "malformed");
    const batch = run.session.batchFor(attempt);
    const begun = batch && beginAttempt(batch, place);
    if (!batch || !begun?.ok) return this.#withdraw(run, attempt, "noPrekeys");
    const asked = openedOnce(charter, run.manifest, run.session.params.sum, message);
    const current: Attempt = { run, asked, state: begun.value };
    this.#attempt = current;
    report({ type: "round", runId, round, askKind });
    const isCommitted = message.cohort.length > 0;
    gate({ type: "work", attempt, askKind, input: bytesToFloat32(input) }, (reply) => {
      if (this.#attempt !== current) return;
      if (reply.type !== "worked") return this.#broken(runId, reply);
      if (!isCommitted) send({ type: "ready", runId, attempt, holds: run.session.holds(batch) });
    });
    if (isCommitted) this.#mask(message);
  }

  /** Follows the transcript to this round; false, and out of the run, if it is not the history that we saw. */
  #follow(run: Run, message: Of<"roundOpened"> | Of<"runEnded">, ask: Uint8Array): boolean {
    const { round, attempt, head } = message;
    const caught = caughtAt(this.#params, message, ask, run.history);
    if (caught) this.#leave(run, attempt, caught);
    else run.history = { round, head };
    return caught === null;
  }

  #mask({ attempt, cohort: bitmap }: Pick<Of<"committed">, "attempt" | "cohort">): void {
    const current = this.#current(attempt);
    if (current?.state.phase !== "working") return;
    const { run } = current;
    const { sum } = run.session.params;
    const cohort = membersOf(sum, bitmap);
    const committed = cohort && commit(sum, run.session.self, current.state, cohort);
    if (!committed?.ok) return this.#withdraw(run, attempt, committed?.code ?? "malformed");
    const { state, masks } = committed.value;
    current.state = state;
    this.#params.gate({ type: "seal", round: state.place.round, attempt, masks }, (reply) => {
      if (this.#attempt !== current || current.state.phase !== "masked") return;
      if (reply.type === "refused") return this.#withdraw(run, attempt, reply.code);
      if (reply.type !== "sealed") return this.#broken(run.runId, reply);
      this.#sendMasked(current, reply.vector, reply.epsilonSpent);
    });
  }

  #sendMasked(current: Attempt, vector: Uint8Array, epsilonSpent: number | null): void {
    if (current.state.phase !== "masked") return;
    const { runId, session } = current.run;
    const { round, attempt } = current.state.place;
    const root = sha256(vector);
    const { state, signature } = signMasked(session.self, current.state, root);
    current.state = state;
    const header = { byteLength: vector.length, sha256: root };
    this.#params.send({ type: "masked", runId, attempt, signature, vector: header }, vector);
    this.#params.report({ type: "sent", runId, round, bytes: vector.length, epsilonSpent });
  }

  #confirm({ attempt, survivors: bitmap, path, signature }: Of<"included">): void {
    const current = this.#current(attempt);
    if (current?.state.phase !== "masked") return;
    const { run } = current;
    const { sum } = run.session.params;
    const survivors = membersOf(sum, bitmap);
    const inclusion = survivors && { survivors, path, signature };
    const included = inclusion && include(sum, run.session.self, current.state, inclusion);
    if (!included?.ok) return this.#withdraw(run, attempt, included?.code ?? "malformed");
    const { state, confirmation } = included.value;
    current.state = state;
    const { runId } = run;
    const said = { kind: "included", runId, attempt, inclusion: state.inclusion } as const;
    this.#params.vault.record({ ...said, signature });
    const refusal = current.asked && this.#openings.refusal(current.asked, state.survivors);
    if (refusal === "otherSurvivors")
      this.#params.report({ type: "fault", runId, code: refusal, member: "coordinator" });
    if (refusal) return this.#withdraw(run, attempt, refusal);
    this.#params.send({ type: "confirmed", runId, attempt, confirmation });
  }

  #reveal(message: Of<"certified"> | Of<"sharesAsked">): void {
    const current = this.#current(message.attempt);
    const given = current && sharesGiven(current.run.session, current.state, message);
    if (!current || !given) return;
    if (!given.ok) return this.#withdraw(current.run, message.attempt, given.code);
    const { state } = given.value;
    if (current.asked && state.phase === "revealed")
      this.#openings.add(current.asked, state.survivors);
    current.state = state;
    this.#params.send(given.value.said);
  }

  #end(run: Run, message: Of<"runEnded">): void {
    if (this.#follow(run, message, new Uint8Array(32)))
      this.#params.vault.endRun(run.runId, "ended");
    this.reset();
    this.#params.report({ type: "ended", runId: run.runId, outcome: message.outcome });
  }

  #forget(): void {
    if (this.#attempt) forget(this.#attempt.state);
    this.#attempt = null;
  }

  #withdraw(run: Run, attempt: number, code: string): void {
    this.#forget();
    const { runId } = run;
    const reason = { code, message: `the agent goes no further with this attempt (${code})` };
    this.#params.send({ type: "withdrawn", runId, attempt, reason });
    this.#params.report({ type: "withdrawn", runId, code });
  }

  /** The coordinator is caught lying: no part in this run ever again. What it signed is in the vault. */
  #leave(run: Run, attempt: number, code: string): void {
    this.#params.vault.endRun(run.runId, "left");
    this.#params.report({ type: "fault", runId: run.runId, code, member: "coordinator" });
    this.#withdraw(run, attempt, code);
    this.#run = null;
  }

  /** Something here broke: this attempt is over for us; the agent stays. */
  #broken(runId: string, reply: FromGate): void {
    const code = reply.type === "failed" ? reply.code : "gate.unexpected";
    const at = this.#attempt;
    if (at) this.#withdraw(at.run, at.state.place.attempt, code);
    else this.#params.report({ type: "withdrawn", runId, code });
  }

  #current(attempt: number): Attempt | null {
    return this.#attempt?.state.place.attempt === attempt ? this.#attempt : null;
  }
}
