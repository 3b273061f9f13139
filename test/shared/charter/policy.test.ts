/** Each reason to refuse a run, alone; all of them together; and none for a right run. */
import { expect, test } from "vitest";
import { type Charter, charterHash } from "../../../shared/charter/charter.ts";
import type { Manifest } from "../../../shared/charter/manifest.ts";
import { type LocalFacts, refusalReasons } from "../../../shared/charter/policy.ts";
import { memberIds, smallCharter } from "../../support/charters.ts";
import { COORDINATOR_KEY, enrolled, PRIVACY, signedManifest } from "../../support/manifests.ts";

const charter = smallCharter(memberIds(3));
const right = signedManifest(charter);
const [first, second, third] = right.roster;
if (!first || !second || !third) throw new Error("the roster has three members");
const facts: LocalFacts = {
  memberId: first.memberId,
  identityKey: first.identityKey,
  coordinatorKey: COORDINATOR_KEY,
  pinnedKeys: new Map([[second.memberId, second.identityKey]]),
};

function codes(manifest: Manifest, local = facts, agreed: Charter = charter): string[] {
  return refusalReasons(agreed, manifest, local).map(({ code }) => code);
}

/** Signed the very charter that does not list it. */
const stranger = enrolled("bank-9", charterHash(charter));

test("a right run is not refused", () => {
  expect(codes(right)).toEqual([]);
  expect(
    codes({ ...right, privacy: null, task: { kind: "probe", dimension: 1, rounds: 1 } }),
  ).toEqual([]);
});

/** A charter that differs, with members who signed it. */
const under = (changes: Partial<Charter>, manifest: Partial<Manifest> = {}): string[] => {
  const other = { ...charter, ...changes };
  return codes(signedManifest(other, manifest), facts, other);
};
const privacy = (changes: Partial<Charter["privacy"]>): Partial<Charter> => ({
  privacy: { ...charter.privacy, ...changes },
});

test.each<[string, () => string[]]>([
  ["charterMismatch", () => codes(right, facts, { ...charter, purpose: "another" })],
  ["roomMismatch", () => codes({ ...right, room: "elsewhere" })],
  ["coordinatorMismatch", () => codes(right, { ...facts, coordinatorKey: "dd".repeat(32) })],
  ["taskNotAllowed", () => under({ tasks: ["probe"] })],
  ["notAMember", () => codes({ ...right, roster: [...right.roster, stranger] })],
  ["repeatedMember", () => codes({ ...right, roster: [...right.roster, second] })],
  [
    "badEnrolment",
    () =>
      codes({
        ...right,
        roster: [first, second, { ...third, enrolmentSignature: second.enrolmentSignature }],
      }),
  ],
  [
    "keyChanged",
    () => codes(right, { ...facts, pinnedKeys: new Map([["bank-2", "ee".repeat(32)]]) }),
  ],
  ["notInRoster", () => codes(right, { ...facts, memberId: "bank-7" })],
  ["tooFewMembers", () => under({ minimums: { members: 4, rows: 1 } })],
  ["noiseRequired", () => under(privacy({ unnoisedRuns: "refused" }), { privacy: null })],
  ["noBudget", () => under(privacy({ budget: null }))],
  ["deltaMismatch", () => codes({ ...right, privacy: { ...PRIVACY, delta: 1e-4 } })],
  ["unitsMismatch", () => codes({ ...right, privacy: { ...PRIVACY, unitsExpected: 1 } })],
  ["noiseShareUnsafe", () => codes({ ...right, privacy: { ...PRIVACY, maxColluders: 0 } })],
  ["noiseShareUnsafe", () => codes({ ...right, privacy: { ...PRIVACY, maxDropouts: 2 } })],
  [
    "centralNoiseRefused",
    () => codes({ ...right, privacy: { ...PRIVACY, noisePlacement: "central" } }),
  ],
])("%s is refused for that reason alone", (code, attempt) => {
  expect(attempt()).toEqual([code]);
});

test("the coordinator may add the noise where the charter trusts it to", () => {
  const central = { privacy: { ...PRIVACY, noisePlacement: "central" as const } };
  expect(under(privacy({ centralNoise: "allowed" }), central)).toEqual([]);
  expect(under(privacy({ centralNoise: "refused" }), central)).toEqual(["centralNoiseRefused"]);
});

test("local noise counts on nobody else's share", () => {
  const local = { ...PRIVACY, noisePlacement: "local" as const, maxColluders: 0 };
  expect(codes({ ...right, privacy: local })).toEqual([]);
});

test("every reason is told at once", () => {
  const wrong = { ...right, room: "elsewhere", privacy: { ...PRIVACY, delta: 1e-4 } };
  expect(codes(wrong, { ...facts, coordinatorKey: "dd".repeat(32) })).toEqual([
    "roomMismatch",
    "coordinatorMismatch",
    "deltaMismatch",
  ]);
});
