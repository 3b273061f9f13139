/** One member's agent, `Member`, without a network: what a coordinator of the test's own tells it, and what it says. */
import type { FromGate, ToGate } from "../../agent/gate/messages.ts";
import { Member } from "../../agent/member.ts";
import type { MemberEvent } from "../../agent/member-events.ts";
import type { Proposal } from "../../agent/member-ports.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { type Decision, fromWire, toWire } from "../../shared/charter/decision.ts";
import { type Manifest, manifestText, runIdOf } from "../../shared/charter/manifest.ts";
import type { CharterState } from "../../shared/charter/policy/facts.ts";
import { LocalPolicy } from "../../shared/charter/policy/local-policy.ts";
import type { AgentMessage, CoordinatorMessage } from "../../shared/protocol/messages.ts";
import { memberIds, smallCharter } from "./charters.ts";
import { COORDINATOR_KEY, identityOf, signedManifest } from "./manifests.ts";

export const LONE_CHARTER = smallCharter(memberIds(3));
const manifest = signedManifest(LONE_CHARTER);
/** A run that nothing is wrong with. */
export const LONE_RUN = { manifest, runId: runIdOf(manifest) };

const NOTHING_AGAINST: FromGate = { type: "judged", rulings: [] };
const TAKEN_UP: FromGate = { type: "assessed", reasons: [], lastAttempt: -1, lastRound: -1 };

export const ownRules = (rules: object) => (): LocalPolicy =>
  LocalPolicy.parse({ version: 1, ...rules });

/** bank-1 of `LONE_CHARTER`. @param judged What its gate says of proposals; called as it is asked. */
export function loneMember(
  policy: () => LocalPolicy,
  judged = (): FromGate => NOTHING_AGAINST,
  assessed = (): FromGate => TAKEN_UP,
  confirmed: ReadonlyMap<string, string> | null = null,
  revoked: ReadonlySet<string> = new Set(),
) {
  const sent: AgentMessage[] = [];
  const events: MemberEvent[] = [];
  const proposals = new Map<string, Proposal>();
  const decisions = new Map<string, Decision>();
  const pinned = new Map<string, string>();
  const closed: string[] = [];
  const asked: string[] = [];
  const over = new Set<string>();
  const charterStates = new Map<string, CharterState>();
  const room = { left: true };
  const clock = { now: 5, nowMs: () => clock.now };
  const member = new Member({
    memberId: "bank-1",
    charter: LONE_CHARTER,
    identity: identityOf("bank-1"),
    coordinatorKey: COORDINATOR_KEY,
    vault: {
      pinnedKeys: () => pinned,
      pinKey: (id, key) => void pinned.set(id, pinned.get(id) ?? key),
      confirmedKeys: () => confirmed,
      revokedKeys: () => revoked,
      keysSinceMs: () => new Map(),
      charterStates: () => charterStates,
      isOver: (id) => over.has(id),
      endRun: (id) => void over.add(id),
      record: () => undefined,
      decisionOf: (id) => decisions.get(id) ?? null,
      saveProposal: (proposal) => room.left && !!proposals.set(proposal.runId, proposal),
      saveDecision: (decision) => decisions.set(decision.runId, decision),
      closeProposal: (id, code) => void closed.push(`${id} ${code}`),
    },
    clock,
    policy,
    gate: ({ type }: ToGate, answer) => {
      asked.push(type);
      answer(type === "assess" ? assessed() : judged());
    },
    rng: reproducibleRng("member"),
    kem: null,
    send: (message) => void sent.push(message),
    report: (event) => void events.push(event),
  });
  const tell = (message: CoordinatorMessage): void =>
    member.deliver({ message, vector: new Uint8Array() });
  const propose = (about: Manifest = manifest): void =>
    tell({ type: "runProposed", runId: runIdOf(about), manifest: manifestText(about) });
  const said = (): Decision[] =>
    sent.flatMap((message) => {
      if (message.type !== "runDecided") return [];
      const { type: _, runId: id, ...words } = message;
      return [fromWire(id, "bank-1", words)];
    });
  /** @param text Left out: the manifest's own. */
  const offer = (
    given: readonly Decision[],
    about: Manifest = manifest,
    text = manifestText(about),
  ): void => {
    const words = given.map((one) => ({ memberId: one.memberId, ...toWire(one) }));
    tell({ type: "runOffered", runId: runIdOf(about), manifest: text, decisions: words });
  };
  return {
    ...{ member, clock, room, tell, propose, offer, said },
    ...{ sent, events, proposals, decisions, pinned, closed, asked, charterStates },
  };
}
