/** Who gets a released model as a receiver, and when. */
import { expect, test } from "vitest";
import { checkReceiver, receiversOf } from "../../../coordinator/access/receivers.ts";
import { EXIT } from "../../../shared/base/errors.ts";
import { memberIds, smallCharter } from "../../support/charters.ts";
import { signedManifest } from "../../support/manifests.ts";

const charter = smallCharter(memberIds(3));
const manifest = signedManifest(charter);

test("a named role gets a completed run's model, not a running or failed one's", () => {
  const ask = (status: "running" | "completed" | "failed") => () =>
    checkReceiver("analyst", ["analyst"], { status, manifest });
  expect(ask("completed")).not.toThrow();
  for (const status of ["running", "failed"] as const)
    expect(ask(status)).toThrow(
      expect.objectContaining({ code: "token.released", exitCode: EXIT.refused }),
    );
});

test("another role gets none; charters name receivers, and a run may keep some of them", () => {
  const ask = (): void => checkReceiver("auditor", ["analyst"], { status: "completed", manifest });
  expect(ask).toThrow(expect.objectContaining({ code: "token.receiver", exitCode: EXIT.refused }));
  expect(receiversOf(charter, manifest)).toEqual([]);
  const named = { receivers: { models: ["analyst", "bank-1"], metrics: ["analyst"] } };
  expect(receiversOf(named, manifest)).toEqual(["analyst", "bank-1"]);
  const kept = { receivers: { models: ["bank-1"], metrics: ["bank-1"] } };
  expect(receiversOf(named, kept)).toEqual(["bank-1"]);
});
