/** A plan that every agent would refuse is refused as it is proposed, with every reason at once. */
import { expect, test } from "vitest";
import { agreedManifest } from "../../../coordinator/run/plan.ts";
import { CloisterError } from "../../../shared/base/errors.ts";
import { reproducibleRng } from "../../../shared/base/reproducible.ts";
import { type Charter, charterHash } from "../../../shared/charter/charter.ts";
import { Plan } from "../../../shared/charter/manifest.ts";
import { memberIds, smallCharter } from "../../support/charters.ts";
import { COORDINATOR_KEY, enrolled, TRAIN_TASK } from "../../support/manifests.ts";

const NOON_MS = Date.parse("2026-11-25T12:00:00Z");

function proposed(plan: object = {}, terms: Partial<Charter> = {}) {
  const charter = { ...smallCharter(memberIds(3)), ...terms };
  const members = charter.members.map((name) => enrolled(name, charterHash(charter)));
  return agreedManifest({
    plan: Plan.parse({ task: TRAIN_TASK, privacy: "none", ...plan }),
    charter,
    members,
    coordinatorKey: COORDINATOR_KEY,
    nowMs: NOON_MS,
    rng: reproducibleRng("plan"),
  });
}

function refusal(plan: object, terms: Partial<Charter>): CloisterError {
  try {
    proposed(plan, terms);
  } catch (error) {
    if (error instanceof CloisterError) return error;
  }
  throw new Error("it was not refused");
}

test("what the charter allows becomes a manifest", () => {
  expect(proposed().task.kind).toBe("train");
});

test("every reason is told at once, with its code", () => {
  const { code, exitCode, message } = refusal(
    { receivers: { models: ["bank-9"], metrics: ["bank-1"] } },
    {
      limits: { sumsMax: 2, binsMax: 4 },
      purposes: ["fraud"],
      receivers: { models: ["bank-1"], metrics: ["bank-1"] },
      expiresOn: "2026-11-24",
    },
  );
  expect({ code, exitCode }).toEqual({ code: "plan.refused", exitCode: 4 });
  for (const reason of "tooManySums tooManyBins purposeMissing receiverNotAgreed charterExpired".split(
    " ",
  ))
    expect(message).toContain(`(${reason})`);
});

test("what is wrong with the plan itself keeps an error of its own", () => {
  expect(refusal({}, { tasks: ["probe"], limits: { sumsMax: 1 } }).code).toBe("plan.task");
  const { code } = refusal({ privacy: { epsilon: 99 } }, { limits: { epsilonMax: 1 } });
  expect(code).toBe("plan.epsilon");
});

test("hours bind runs and not proposals: members may be asked at any time", () => {
  expect(proposed({}, { hours: { from: "01:00", to: "02:00" } }).room).toBe("test-room");
});
