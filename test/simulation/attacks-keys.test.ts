/** A coordinator that lies about who the members are and what they dealt. */
import { expect, test } from "vitest";
import { toHex } from "../../shared/base/bytes.ts";
import { manifestText, parseManifest, runIdOf } from "../../shared/charter/manifest.ts";
import { sha256 } from "../../shared/crypto/hash.ts";
import { enrolmentStatement } from "../../shared/protocol/handshake.ts";
import { attacked, faultsSeenBy, lyingTo, overhearing, survivorsOf } from "./attacks.ts";
import { unsafeIdentity } from "./room.ts";
import type { Simulation } from "./simulation.ts";

const declinedFor = ({ reports }: Simulation, member: number): string[] =>
  reports.flatMap(({ member: by, event }) =>
    by === member && event.type === "declined" ? event.reasons.map(({ code }) => code) : [],
  );

test.each([
  "channelKey",
  "kemKey",
] as const)("a %s swapped on its way is not taken, and the coordinator named", (field) => {
  const simulation = attacked({
    memberCount: 5,
    coordinatorLies: true,
    toAgent: lyingTo([0], "membersJoined", (message) => {
      const members = message.members.map((join) => ({
        ...join,
        [field]: join[field].map((b) => b ^ 1),
      }));
      return [{ message: { ...message, members } }];
    }),
  });
  expect(simulation.violations).toEqual([]);
  expect(faultsSeenBy(simulation, 0)).toContain("badJoin coordinator");
  expect(survivorsOf(simulation)).toEqual(["2 3 4 5", "2 3 4 5"]); // The victim takes no part; nobody reads it.
});

test("a hash in place of an ML-KEM key names the coordinator: the member signed for both", () => {
  const simulation = attacked({
    memberCount: 5,
    coordinatorLies: true,
    toAgent: lyingTo([0], "membersJoined", (message) => {
      const members = message.members.map((join) => ({ ...join, kemKey: sha256(join.kemKey) }));
      const whole = message.members.map(({ kemKey }) => kemKey.length === 1184);
      return [
        { message: { ...message, members: members.filter((_, i) => whole[i]) } },
        { message: { ...message, members: message.members.filter((_, i) => !whole[i]) } },
      ];
    }),
  });
  expect(simulation.violations).toEqual([]);
  expect(faultsSeenBy(simulation, 0)).toContain("badKemKey coordinator");
  expect(survivorsOf(simulation)).toEqual(["2 3 4 5", "2 3 4 5"]);
});

test("a member's own key sent back to it as another's is not signed by that other", () => {
  const own = new Map<number, Uint8Array>();
  const simulation = attacked({
    memberCount: 5,
    coordinatorLies: true,
    fromAgent: (member, sent) => {
      if (sent.message.type === "runJoined") own.set(member, sent.message.channelKey);
      return [sent];
    },
    toAgent: lyingTo([0], "membersJoined", (message) => {
      const members = message.members.map((join) => ({
        ...join,
        channelKey: own.get(0) ?? join.channelKey,
      }));
      return [{ message: { ...message, members } }];
    }),
  });
  expect(simulation.violations).toEqual([]);
  expect(faultsSeenBy(simulation, 0)).toContain("badJoin coordinator");
});

test("a Sybil in the roster: everyone declines, for it is not in the charter and nobody vouched for it", () => {
  const sybil = unsafeIdentity("sybil");
  const { fromAgent, heard } = overhearing();
  const simulation = attacked({
    coordinatorLies: true,
    fromAgent,
    toAgent: lyingTo([0, 1, 2, 3], "runOffered", (message) => {
      const manifest = parseManifest(message.manifest);
      if (!manifest) throw new Error("the coordinator offers a manifest");
      const statement = enrolmentStatement(manifest.charterHash, "sybil", sybil.publicKey);
      const identityKey = toHex(sybil.publicKey);
      const enrolmentSignature = toHex(sybil.sign(statement));
      const entry = { memberId: "sybil", identityKey, enrolmentSignature };
      const changed = { ...manifest, roster: [...manifest.roster, entry] };
      return [
        { message: { ...message, runId: runIdOf(changed), manifest: manifestText(changed) } },
      ];
    }),
  });
  // Nor did anybody sign this manifest.
  expect(declinedFor(simulation, 0)).toEqual(["notAMember", ...Array(2).fill("approvalInvalid")]);
  expect(heard.map(({ message }) => message.type)).toEqual(Array(4).fill("runDeclined"));
});

test("a member's place taken with another key: declined, the member never signed the charter with it", () => {
  const impostor = unsafeIdentity("impostor");
  const simulation = attacked({
    coordinatorLies: true,
    toAgent: lyingTo([0], "runOffered", (message) => {
      const manifest = parseManifest(message.manifest);
      if (!manifest) throw new Error("the coordinator offers a manifest");
      const roster = manifest.roster.map((entry, i) =>
        i === 1 ? { ...entry, identityKey: toHex(impostor.publicKey) } : entry,
      );
      const changed = { ...manifest, roster };
      return [
        { message: { ...message, runId: runIdOf(changed), manifest: manifestText(changed) } },
      ];
    }),
  });
  expect(declinedFor(simulation, 0)).toEqual(["badEnrolment", ...Array(2).fill("approvalInvalid")]);
});

test("another manifest under the same run id is declined", () => {
  const simulation = attacked({
    coordinatorLies: true,
    toAgent: lyingTo([0], "runOffered", (message) => {
      const manifest = parseManifest(message.manifest);
      if (!manifest) throw new Error("the coordinator offers a manifest");
      const changed = { ...manifest, roster: manifest.roster.slice(0, 3) };
      return [{ message: { ...message, manifest: manifestText(changed) } }];
    }),
  });
  expect(declinedFor(simulation, 0)).toEqual(["badManifest"]);
});

test("a batch opened to other members than the others were told of: the shares do not open", () => {
  const simulation = attacked({
    memberCount: 5,
    coordinatorLies: true,
    toAgent: lyingTo([0], "batchOpened", (message) => [
      { message: { ...message, members: Uint8Array.of(0b01111) } },
    ]),
  });
  expect(simulation.violations).toEqual([]);
  expect(survivorsOf(simulation)).toEqual(["2 3 4 5", "2 3 4 5"]);
});

test("a batch is dealt for once: opened again, or over attempts that have keys, it is refused by name", () => {
  for (const again of [0, 1]) {
    const { fromAgent, heard } = overhearing();
    const simulation = attacked({
      coordinatorLies: true,
      rounds: 1,
      fromAgent,
      toAgent: lyingTo([0], "batchOpened", (message) => [
        { message },
        { message: { ...message, batch: message.batch + again } },
      ]),
    });
    expect(simulation.violations).toEqual([]);
    expect(faultsSeenBy(simulation, 0)).toEqual(["batchRepeated coordinator"]);
    const dealt = heard.filter(({ member, message }) => member === 0 && message.type === "prekeys");
    expect(dealt).toHaveLength(1);
  }
});

test("a batch over too few members, or without the member itself, is refused", () => {
  for (const members of [0b0011, 0b1110]) {
    const simulation = attacked({
      coordinatorLies: true,
      rounds: 1,
      toAgent: lyingTo([0], "batchOpened", (message) => [
        { message: { ...message, members: Uint8Array.of(members) } },
      ]),
    });
    expect(faultsSeenBy(simulation, 0)).toContain("batchMembers coordinator");
    expect(simulation.violations).toEqual([]);
  }
});

test("other prekeys shown to one member than to the others: its masks agree with nobody's", () => {
  const simulation = attacked({
    memberCount: 5,
    coordinatorLies: true,
    toAgent: lyingTo([0], "batchDealt", (message) => {
      const hashes = message.hashes.slice();
      hashes[140] = (hashes[140] ?? 0) ^ 1; // Another member's.
      return [{ message: { ...message, hashes } }];
    }),
  });
  expect(simulation.violations).toEqual([]);
  expect(survivorsOf(simulation)).toEqual(["2 3 4 5", "2 3 4 5"]);
});

test("a member whose own prekeys were changed, or that is left out, has no part in the batch", () => {
  const simulation = attacked({
    memberCount: 5,
    coordinatorLies: true,
    toAgent: lyingTo([0], "batchDealt", (message) => {
      const hashes = message.hashes.slice();
      hashes[0] = (hashes[0] ?? 0) ^ 1;
      return [{ message: { ...message, hashes } }];
    }),
  });
  expect(faultsSeenBy(simulation, 0)).toEqual(["batchDealt coordinator"]);
  expect(survivorsOf(simulation)).toEqual(["2 3 4 5", "2 3 4 5"]);
});
