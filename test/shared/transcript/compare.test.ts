/** Members' exports: honest ones agree; every contradiction that a coordinator signs is found, and held by name. */
import { expect, test } from "vitest";
import { toHex } from "../../../shared/base/bytes.ts";
import { randomBytes } from "../../../shared/base/env.ts";
import { reproducibleRng } from "../../../shared/base/reproducible.ts";
import { identityFromSecret } from "../../../shared/crypto/identity.ts";
import {
  entryStatement,
  isSignedEntry,
  type SignedEntry,
} from "../../../shared/transcript/chain.ts";
import { compareExports, type NamedExport } from "../../../shared/transcript/compare.ts";
import { fromText, TranscriptExport, toText } from "../../../shared/transcript/export.ts";
import { playProbe } from "../../support/memory-room.ts";

const room = playProbe({ members: 4, dimension: 8, rounds: 3, dropout: { member: 1, round: 1 } });
const OTHER = new Uint8Array(32).fill(7);

function exported(name: string, entries: readonly SignedEntry[]): NamedExport {
  const transcript = TranscriptExport.parse({
    format: "cloister-transcript",
    version: 1,
    room: "test-room",
    memberId: name,
    coordinatorKey: room.manifest.coordinatorKey,
    entries: entries.map(toText),
  });
  return { name, transcript };
}

const all = [...room.evidence].map(([name, entries]) => exported(name, entries));

/** The member's export with one entry said otherwise, and signed by the coordinator. */
function toldOtherwise(
  name: string,
  pick: (entry: SignedEntry) => boolean,
  changes: object,
): NamedExport {
  const entries = [...(room.evidence.get(name) ?? [])];
  const at = entries.findIndex(pick);
  const other = { ...entries[at], ...changes } as SignedEntry;
  entries[at] = { ...other, signature: room.coordinator.sign(entryStatement(other)) };
  return exported(name, entries);
}

test("all members of an honest run tell the same, also one that left it", () => {
  const compared = compareExports(all);
  const entryCount = [...room.evidence.values()].reduce((sum, { length }) => sum + length, 0);
  const { coordinatorKey } = room.manifest;
  const nothing = { proofs: [], unsigned: [] };
  expect(compared).toEqual({ type: "compared", coordinatorKey, entryCount, ...nothing });
});

test("entries come out of their text form as they went in, signature and all", () => {
  for (const entry of [...room.evidence.values()].flat()) {
    const again = fromText(toText(entry));
    expect(toText(again)).toEqual(toText(entry));
    expect(isSignedEntry(room.coordinator.publicKey, again)).toBe(true);
  }
});

test.each<[string, (entry: SignedEntry) => boolean, object]>([
  ["twoAsks", ({ kind, attempt }) => kind === "roundOpened" && attempt === 1, { askHash: OTHER }],
  ["twoHistories", (entry) => entry.kind === "roundOpened" && entry.round === 2, { head: OTHER }],
  [
    "twoInclusions",
    ({ kind, attempt }) => kind === "included" && attempt === 0,
    { inclusion: OTHER },
  ],
])("%s are found, with both signatures and who holds them", (what, pick, changes) => {
  const [honest] = all;
  const other = toldOtherwise("bank-3", pick, changes);
  if (!honest) throw new Error("there are exports");
  const compared = compareExports([honest, other]);
  if (compared.type !== "compared") throw new Error(compared.type);
  expect(compared.proofs).toHaveLength(1);
  const [proof] = compared.proofs;
  expect(proof?.what).toBe(what);
  expect(proof?.heldBy).toEqual(["bank-1", "bank-3"]);
  expect(proof?.first.signature).not.toEqual(proof?.second.signature);
});

test("two different runs, rounds or attempts contradict nothing", () => {
  const again = playProbe({ members: 4, dimension: 9, rounds: 3 });
  const other = exported("bank-1", again.evidence.get("bank-1") ?? []);
  expect(compareExports([...all, other])).toMatchObject({ type: "compared", proofs: [] });
});

test("what the coordinator did not sign proves nothing, and its export is named", () => {
  const [entry, ...rest] = room.evidence.get("bank-4") ?? [];
  const forged = { ...entry, attempt: 0, head: OTHER } as SignedEntry;
  const compared = compareExports([...all.slice(0, 3), exported("bank-4", [forged, ...rest])]);
  expect(compared).toMatchObject({ proofs: [], unsigned: [{ name: "bank-4", count: 1 }] });
});

test("exports under two coordinators' keys are told apart, not compared", () => {
  const stranger = identityFromSecret(randomBytes(reproducibleRng("stranger"), 32));
  const [first, second] = all;
  if (!first || !second) throw new Error("there are exports");
  const coordinatorKey = toHex(stranger.publicKey);
  const other = { ...second, transcript: { ...second.transcript, coordinatorKey } };
  expect(compareExports([first, other]).type).toBe("twoCoordinators");
});
