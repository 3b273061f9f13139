/**
 * The agent's side of a room: offers, rounds, refusals. Takes the coordinator's messages one at a time
 * and answers; believes nothing that it has not checked. It sees sealed vectors only: records and
 * what is computed from them are behind the gate.
 */

import { contextOf } from "../models/tasks/context.ts";
import { taskFor } from "../models/tasks/registry.ts";
import { wireFormat } from "../models/tasks/wire.ts";
import { bytesToFloat32, fromHex, toHex } from "../shared/base/bytes.ts";
import type { Rng } from "../shared/base/env.ts";
import { askHash } from "../shared/charter/ask.ts";
import type { Charter } from "../shared/charter/charter.ts";
import {
  attemptParams,
  type Manifest,
  parseManifest,
  runIdOf,
} from "../shared/charter/manifest.ts";
import { refusalReasons } from "../shared/charter/policy.ts";
import { type AgreementKey, agreementKey } from "../shared/crypto/agreement.ts";
import { sha256 } from "../shared/crypto/hash.ts";
import { type Identity, verifySignature } from "../shared/crypto/identity.ts";
import type { Delivery } from "../shared/protocol/inbox.ts";
import type { AgentMessage, CoordinatorMessage } from "../shared/protocol/messages.ts";
import {
  type AgentState,
  beginAttempt,
  type Channel,
  commit,
  reveal,
  signMasked,
  signReady,
} from "../shared/secagg/agent.ts";
import { channelKey, joinStatement } from "../shared/secagg/keys.ts";
import type { AttemptParams } from "../shared/secagg/params.ts";
import type { GateHost } from "./gate/host.ts";
import type { MemberEvent } from "./member-events.ts";
import type { Vault } from "./vault.ts";

type Of<T extends CoordinatorMessage["type"]> = Extract<CoordinatorMessage, { type: T }>;

export interface MemberParams {
  readonly memberId: string;
  readonly charter: Charter;
  readonly identity: Identity;
  readonly coordinatorKey: string;
  readonly vault: Vault;
  readonly gate: Pick<GateHost, "ask">;
  readonly rng: Rng;
  readonly send: (message: AgentMessage, sealed?: Uint8Array) => void;
  /** For the member's own terminal: ids, codes and counts. */
  readonly report: (event: MemberEvent) => void;
}

interface Run {
  readonly runId: string;
  readonly manifest: Manifest;
  readonly channelSecret: AgreementKey;
  readonly channels: Map<string, Channel>;
}

interface Attempt {
  readonly params: AttemptParams;
  state: AgentState;
}

export class Member {
  readonly #params: MemberParams;
  #run: Run | null = null;
  #attempt: Attempt | null = null;
  #lastAttempt = -1;
  #queue: Promise<void> = Promise.resolve();

  constructor(params: MemberParams) {
    this.#params = params;
  }

  /** One message after the other, in order. Local work does not hold up the queue. */
  deliver(delivery: Delivery<CoordinatorMessage>): void {
    this.#queue = this.#queue
      .then(() => this.#handle(delivery))
      .catch((error: unknown) => this.#fail(error));
  }

  /** A new session: the coordinator has forgotten the attempt; its secrets are worth nothing now. */
  resetAttempt(): void {
    this.#attempt = null;
  }

  async #handle({ message, vector }: Delivery<CoordinatorMessage>): Promise<void> {
    switch (message.type) {
      case "runOffered":
        return this.#consider(message);
      case "channelKeys":
        return this.#addChannels(message);
      case "roundOpened":
        return this.#open(message, vector);
      case "committed":
        return this.#mask(message);
      case "included":
        return this.#reveal(message);
      case "runEnded":
        return this.#end(message);
      case "rejected":
        return this.#params.report({ type: "rejected", code: message.code });
    }
  }

  async #consider({ runId, manifest: text }: Of<"runOffered">): Promise<void> {
    const { charter, vault, rng, identity, memberId, gate } = this.#params;
    const manifest = parseManifest(text);
    const decline = (reasons: { code: string; message: string }[]): void => {
      this.#params.send({ type: "runDeclined", runId, reasons });
      this.#params.report({ type: "declined", runId, reasons });
    };
    if (!manifest || runIdOf(manifest) !== runId) {
      return decline([
        { code: "badManifest", message: "the manifest is not valid or not the one announced" },
      ]);
    }
    const pinnedKeys = vault.pinnedKeys();
    const facts = {
      memberId,
      identityKey: toHex(identity.publicKey),
      coordinatorKey: this.#params.coordinatorKey,
      pinnedKeys,
    };
    const reasons = refusalReasons(charter, manifest, facts);
    if (reasons.length > 0) return decline(reasons);
    const assessed = await gate.ask({ type: "assess", manifest, runId }, "assessed");
    if (assessed.reasons.length > 0) return decline([...assessed.reasons]);
    for (const member of manifest.roster) vault.pinKey(member.memberId, member.identityKey);
    const channelSecret = agreementKey(vault.channelSecret(runId, rng));
    if (this.#run?.runId !== runId) this.#lastAttempt = -1;
    this.#run = { runId, manifest, channelSecret, channels: new Map() };
    const signature = identity.sign(joinStatement(runId, memberId, channelSecret.publicKey));
    this.#params.send({ type: "runJoined", runId, channelKey: channelSecret.publicKey, signature });
    this.#params.report({ type: "joined", runId });
  }

  #addChannels({ runId, members }: Of<"channelKeys">): void {
    const run = this.#run;
    if (run?.runId !== runId) return;
    const { memberId } = this.#params;
    for (const peer of members) {
      const listed = run.manifest.roster.find((member) => member.memberId === peer.memberId);
      if (!listed || peer.memberId === memberId || run.channels.has(peer.memberId)) continue;
      const statement = joinStatement(runId, peer.memberId, peer.channelKey);
      if (!verifySignature(fromHex(listed.identityKey), statement, peer.signature)) continue;
      const sendKey = channelKey(
        run.channelSecret,
        peer.channelKey,
        runId,
        memberId,
        peer.memberId,
      );
      const receiveKey = channelKey(
        run.channelSecret,
        peer.channelKey,
        runId,
        peer.memberId,
        memberId,
      );
      if (sendKey && receiveKey) run.channels.set(peer.memberId, { sendKey, receiveKey });
    }
  }

  #open(message: Of<"roundOpened">, input: Uint8Array): void {
    const run = this.#run;
    const { runId, round, attempt, askKind } = message;
    // An attempt number is used once: never two answers under one number.
    if (run?.runId !== runId || attempt <= this.#lastAttempt) return;
    this.#lastAttempt = attempt;
    const { charter, rng, send } = this.#params;
    const shape = taskFor(run.manifest.task).shapeOf(contextOf(charter, run.manifest), askKind);
    const hash = askHash(runId, round, askKind, message.vector.sha256);
    const vector = wireFormat(shape, run.manifest);
    const params = attemptParams(
      run.manifest,
      charter,
      runId,
      { round, attempt, askHash: hash },
      vector,
    );
    const begun = beginAttempt(params, this.#self(run), rng);
    const current: Attempt = { params, state: begun.state };
    this.#attempt = current;
    send({ type: "prekeys", runId, attempt, maskKey: begun.maskKey, shares: begun.shares });
    this.#params.report({ type: "round", runId, round, askKind });
    // The queue goes on while the gate works: a socket that answers is a socket that lives.
    void this.#work(run, current, askKind, bytesToFloat32(input)).catch((error: unknown) =>
      this.#fail(error),
    );
  }

  async #work(run: Run, current: Attempt, askKind: string, input: Float32Array): Promise<void> {
    const { attempt } = current.params;
    await this.#params.gate.ask({ type: "work", attempt, askKind, input }, "worked");
    if (this.#attempt !== current || current.state.phase !== "working") return;
    const self = this.#self(run);
    const { publicKey: maskKey } = current.state.maskKey;
    const signature = signReady(current.params, self, current.state);
    this.#params.send({ type: "ready", runId: run.runId, attempt, maskKey, signature });
  }

  async #mask({ runId, attempt, cohort }: Of<"committed">): Promise<void> {
    const current = this.#current(runId, attempt);
    const run = this.#run;
    if (!run || current?.state.phase !== "working") return;
    const self = this.#self(run);
    const committed = commit(current.params, self, current.state, cohort);
    if (!committed.ok) return this.#withdraw(run, current, committed.code);
    const { state, masks } = committed.value;
    current.state = state;
    const reply = await this.#params.gate.ask(
      { type: "seal", attempt, masks },
      "sealed",
      "refused",
    );
    if (reply.type === "refused") return this.#withdraw(run, current, reply.code);
    const root = sha256(reply.vector);
    const signature = signMasked(self, state, root);
    const header = { byteLength: reply.vector.length, sha256: root };
    this.#params.send({ type: "masked", runId, attempt, signature, vector: header }, reply.vector);
    const { round } = current.params;
    const { epsilonSpent } = reply;
    this.#params.report({ type: "sent", runId, round, bytes: reply.vector.length, epsilonSpent });
  }

  #reveal({ runId, attempt, survivors }: Of<"included">): void {
    const current = this.#current(runId, attempt);
    const run = this.#run;
    if (!run || current?.state.phase !== "masked") return;
    const revealed = reveal(current.params, this.#self(run), current.state, survivors);
    if (!revealed.ok) return this.#withdraw(run, current, revealed.code);
    current.state = revealed.value.state;
    const { shares, signature } = revealed.value;
    this.#params.send({ type: "shares", runId, attempt, shares, signature });
  }

  #withdraw(run: Run, current: Attempt, code: string): void {
    this.#attempt = null;
    const reason = { code, message: `the agent goes no further with this attempt (${code})` };
    this.#params.send({
      type: "withdrawn",
      runId: run.runId,
      attempt: current.params.attempt,
      reason,
    });
    this.#params.report({ type: "withdrawn", runId: run.runId, code });
  }

  #end({ runId, outcome }: Of<"runEnded">): void {
    if (this.#run?.runId !== runId) return;
    this.#run = null;
    this.#attempt = null;
    this.#params.vault.forgetChannel(runId);
    this.#params.report({ type: "ended", runId, outcome });
  }

  /** Something here broke: this attempt is over for us; the agent stays. */
  #fail(error: unknown): void {
    const code = error instanceof Error ? error.name : "error";
    const run = this.#run;
    if (run && this.#attempt) this.#withdraw(run, this.#attempt, code);
    else this.#params.report({ type: "withdrawn", runId: run?.runId ?? "", code });
  }

  #current(runId: string, attempt: number): Attempt | null {
    return this.#run?.runId === runId && this.#attempt?.params.attempt === attempt
      ? this.#attempt
      : null;
  }

  #self(run: Run): {
    memberId: string;
    identity: Identity;
    channels: ReadonlyMap<string, Channel>;
  } {
    const { memberId, identity } = this.#params;
    return { memberId, identity, channels: run.channels };
  }
}
