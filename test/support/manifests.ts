/** Manifests whose roster has really signed, for tests. */
import type { RunQuestion } from "../../agent/gate/messages.ts";
import { toHex } from "../../shared/base/bytes.ts";
import { randomBytes } from "../../shared/base/env.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { type Charter, charterHash } from "../../shared/charter/charter.ts";
import { type Decision, signDecision } from "../../shared/charter/decision.ts";
import { Manifest, runIdOf } from "../../shared/charter/manifest.ts";
import type { AgentFacts, CharterState } from "../../shared/charter/policy/facts.ts";
import { NO_POLICY } from "../../shared/charter/policy/local-policy.ts";
import { TaskSpec } from "../../shared/charter/task-spec.ts";
import { type Identity, identityFromSecret } from "../../shared/crypto/identity.ts";
import { enrolmentStatement } from "../../shared/protocol/handshake.ts";

export const COORDINATOR_KEY = "c0".repeat(32);

export const PRIVACY: NonNullable<Manifest["privacy"]> = {
  epsilon: 1,
  delta: 1e-5,
  trainMultiplier: 5,
  holdoutMultiplier: 8,
  unitsExpected: 300,
  maxDropouts: 0,
  maxColluders: 1,
};

/** The year 2096. */
export const FOREVER_MS = 4e12;

/** Logistic regression by DP-SGD, evaluated once. */
export const TRAIN_TASK = TaskSpec.parse({
  kind: "train",
  model: { hidden: [] },
  scaling: "bounds",
  strategy: { kind: "dpSgd", rounds: 2, samplingProbability: 0.5, clipNorm: 1, learningRate: 0.1 },
  evaluation: { everyRounds: null, bins: 8 },
});

export const identityOf = (memberId: string): Identity =>
  identityFromSecret(randomBytes(reproducibleRng(memberId), 32));

/** A roster entry with a key of its own and a valid signature under the charter of that hash. */
export function enrolled(memberId: string, hash: string): Manifest["roster"][number] {
  const identity = identityOf(memberId);
  const signature = identity.sign(enrolmentStatement(hash, memberId, identity.publicKey));
  const identityKey = toHex(identity.publicKey);
  return { memberId, identityKey, enrolmentSignature: toHex(signature) };
}

/** A manifest that every member of `charter` may take part in. */
export function signedManifest(charter: Charter, changes: Partial<Manifest> = {}): Manifest {
  const hash = charterHash(charter);
  const roster = charter.members.map((memberId) => enrolled(memberId, hash));
  return Manifest.parse({
    version: 1,
    room: charter.room,
    charterHash: hash,
    coordinatorKey: COORDINATOR_KEY,
    roster,
    task: TRAIN_TASK,
    privacy: PRIVACY,
    createdAtMs: 0,
    expiresAtMs: FOREVER_MS,
    nonce: "0".repeat(32),
    ...changes,
  });
}

/** A member's signed word on a run. @param identity Left out: the one that `enrolled` gives that name. */
export function decisionOn(
  manifest: Manifest,
  memberId: string,
  decision: Decision["decision"] = "approved",
  identity = identityOf(memberId),
): Decision {
  return decisionOnRun(runIdOf(manifest), memberId, decision, identity);
}

function decisionOnRun(
  runId: string,
  memberId: string,
  decision: Decision["decision"],
  identity: Identity,
): Decision {
  const reasons = decision === "approved" ? [] : [{ code: "no", message: "a test says no" }];
  return signDecision({ runId, memberId, decision, reasons, atMs: 0 }, identity);
}

/** Everybody approves. */
export const approvalsOf = (manifest: Manifest): Decision[] =>
  manifest.roster.map(({ memberId }) => decisionOn(manifest, memberId));

/** A run that all approved, as bank-1's agent puts it to its gate. @param runId Left out: the manifest's own. */
export function questionOf(manifest: Manifest, runId = runIdOf(manifest)): RunQuestion {
  const memberId = "bank-1";
  const decisions = manifest.roster.map((member) =>
    decisionOnRun(runId, member.memberId, "approved", identityOf(member.memberId)),
  );
  return { manifest, runId, decisions, agent: agentOf(memberId, manifest), nowMs: 0 };
}

/** What an agent that has met nobody yet knows. */
export function agentOf(memberId: string, { coordinatorKey }: Manifest): AgentFacts {
  const identityKey = toHex(identityOf(memberId).publicKey);
  const keys = {
    pinnedKeys: new Map(),
    confirmedKeys: null,
    revokedKeys: new Set<string>(),
    keysSinceMs: new Map(),
    charterStates: new Map<string, CharterState>(),
  };
  const known = { ...keys, policy: NO_POLICY, ownDecision: null, isOver: false };
  return { memberId, identityKey, coordinatorKey, ...known };
}
