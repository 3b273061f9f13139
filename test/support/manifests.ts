/** Manifests whose roster has really signed, for tests. */
import { toHex } from "../../shared/base/bytes.ts";
import { randomBytes } from "../../shared/base/env.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { type Charter, charterHash } from "../../shared/charter/charter.ts";
import { Manifest } from "../../shared/charter/manifest.ts";
import { TaskSpec } from "../../shared/charter/task-spec.ts";
import { identityFromSecret } from "../../shared/crypto/identity.ts";
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

/** Logistic regression by DP-SGD, evaluated once. */
export const TRAIN_TASK = TaskSpec.parse({
  kind: "train",
  model: { hidden: [] },
  scaling: "bounds",
  strategy: { kind: "dpSgd", rounds: 2, samplingProbability: 0.5, clipNorm: 1, learningRate: 0.1 },
  evaluation: { everyRounds: null, bins: 8 },
});

/** A roster entry with a key of its own and a valid signature under the charter of that hash. */
export function enrolled(memberId: string, hash: string): Manifest["roster"][number] {
  const identity = identityFromSecret(randomBytes(reproducibleRng(memberId), 32));
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
    nonce: "0".repeat(32),
    ...changes,
  });
}
