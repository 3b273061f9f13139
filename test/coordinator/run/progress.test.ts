/** A run whose training diverged is over, with its reason, also for a coordinator that has restarted since. */
import { expect, test } from "vitest";
import { RunProgress } from "../../../coordinator/run/progress.ts";
import { contextOf } from "../../../models/tasks/context.ts";
import { trainTask } from "../../../models/tasks/train/train.ts";
import { randomBytes } from "../../../shared/base/env.ts";
import { reproducibleRng } from "../../../shared/base/reproducible.ts";
import { identityFromSecret } from "../../../shared/crypto/identity.ts";
import { memberIds, smallCharter } from "../../support/charters.ts";
import { signedManifest } from "../../support/manifests.ts";

const charter = smallCharter(memberIds(3));
const manifest = signedManifest(charter, { privacy: null });
const { task } = manifest;
if (task.kind !== "train") throw new Error("it is a training task");
const context = { ...contextOf(charter, manifest), spec: task };
const identity = identityFromSecret(randomBytes(reproducibleRng("coordinator"), 32));
const patience = { workMs: 1, maskingMs: 1, unmaskingMs: 1 };
const params = { runId: "ab".repeat(32), manifest, charter, identity, patience, startMs: 0 };

test.each([
  [1e200, ["failed", expect.stringMatching(/^task\.diverged: training round 1 gave/)]],
  [1, ["completed", ""]],
])("a sum with a coordinate of %d", (size, ending) => {
  let state = trainTask.begin(context);
  for (let ask = trainTask.nextAsk(context, state); ask; ask = trainTask.nextAsk(context, state)) {
    const { dimension } = trainTask.shapeOf(context, ask.kind);
    const sum = new Float64Array(dimension).fill(1);
    if (ask.kind === "gradient") sum[0] = size;
    state = trainTask.absorb(context, state, sum);
  }
  const restarted = new RunProgress(params as never, null, trainTask.encodeState(state));
  expect(restarted.nextAsk()).toBeNull();
  expect(restarted.ending).toEqual(ending);
});
