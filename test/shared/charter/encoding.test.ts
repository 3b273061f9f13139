/** The encoding in a manifest: strict, and part of what the run's id binds. */
import { expect, test } from "vitest";
import { randomBytes } from "../../../shared/base/env.ts";
import { Manifest, ManifestEncoding, runIdOf } from "../../../shared/charter/manifest.ts";
import { rotationSigns } from "../../../shared/charter/rotation.ts";
import { memberIds, smallCharter } from "../../support/charters.ts";
import { signedManifest } from "../../support/manifests.ts";

const charter = smallCharter(memberIds(3));

test.each([
  [{ profile: "exact" }, true],
  [{ profile: "compact" }, true],
  [{ profile: "wan" }, true],
  [{ profile: "dp", ringBits: 16 }, true],
  [{ profile: "dp", ringBits: 20 }, true],
  [{ profile: "dp" }, true],
  [{ profile: "dp", ringBits: 24 }, false],
  [{ profile: "wan", ringBits: 18 }, false],
  [{ profile: "tiny" }, false],
  [{ profile: "exact", scale: 1 }, false],
  [{}, false],
  [null, false],
])("of %j it is %s that it is an encoding", (encoding, valid) => {
  expect(ManifestEncoding.safeParse(encoding).success).toBe(valid);
  const manifest = { ...signedManifest(charter), encoding };
  expect(Manifest.safeParse(manifest).success).toBe(valid);
});

test("an encoding is part of the run's id, and its absence leaves the id as it was", () => {
  const plain = signedManifest(charter);
  expect("encoding" in plain).toBe(false);
  const ids = [
    plain,
    signedManifest(charter, { encoding: { profile: "dp", ringBits: 18 } }),
    signedManifest(charter, { encoding: { profile: "dp", ringBits: 20 } }),
    signedManifest(charter, { encoding: { profile: "compact" } }),
  ].map(runIdOf);
  expect(new Set(ids).size).toBe(4);
  expect(runIdOf(signedManifest(charter, { encoding: undefined }))).toBe(ids[0]);
  // Eighteen bits are the default, written or not.
  const short = Manifest.parse({ ...plain, encoding: { profile: "dp" } });
  expect(runIdOf(short)).toBe(ids[1]);
});

test("the signs of a rotation depend on run and attempt, and on nothing else", () => {
  const signs = (runId: string, attempt: number): string =>
    randomBytes(rotationSigns(runId, attempt), 16).toString();
  expect(signs("a", 1)).toBe(signs("a", 1));
  expect(new Set([signs("a", 1), signs("a", 2), signs("b", 1)]).size).toBe(3);
});
