/** Tests of `shared/secagg/certificate.ts`: how members make sure that all were told of the same survivors. */
import { expect, test } from "vitest";
import { concatBytes } from "../../../shared/base/bytes.ts";
import type { AgentBatch } from "../../../shared/secagg/agent-batch.ts";
import {
  type Certificate,
  confirm,
  confirmationBytes,
  isCertified,
  proofBytes,
  proofFor,
} from "../../../shared/secagg/certificate.ts";
import { confirmStatement } from "../../../shared/secagg/keys.ts";
import type { SumParams } from "../../../shared/secagg/params.ts";
import { batchOf, type Group, pick, unsafeGroup, unsafeSecret } from "../../support/group.ts";

const INCLUSION = unsafeSecret("inclusion");
/** Seven members, of whom 2 dropped out. Five must confirm. */
const SURVIVORS = [0, 1, 3, 4, 5, 6];

interface Party {
  readonly group: Group;
  readonly batch: AgentBatch["batch"];
}

function party(rules: Partial<SumParams> = {}): Party {
  const group = unsafeGroup(7, "certificate", rules);
  return { group, batch: batchOf(group) };
}

function stateOf({ group, batch }: Party, index: number): AgentBatch {
  const { channels } = pick(group.members, index);
  const none = { hash: new Uint8Array(), own: new Map(), context: new Uint8Array() };
  return { batch, channels, held: new Map(), dealers: [], holds: [], ...none };
}

function confirmation(of: Party, from: number, inclusion = INCLUSION, survivors = SURVIVORS) {
  const { sum, members } = of.group;
  return confirm(sum, pick(members, from), stateOf(of, from), survivors, inclusion);
}

/** The certificate for one member, as an honest coordinator makes it. */
function certificate(of: Party, to: number, confirmers: readonly number[], inclusion = INCLUSION) {
  const proofs = confirmers.map((from) =>
    proofFor(of.group.sum, SURVIVORS, from, to, confirmation(of, from, inclusion)),
  );
  return { confirmers, proofs: concatBytes(...proofs) };
}

function check(of: Party, to: number, given: Certificate, survivors = SURVIVORS): string {
  const { sum, members } = of.group;
  const said = { survivors, inclusion: INCLUSION };
  return isCertified(sum, pick(members, to), stateOf(of, to), said, given);
}

const MACS = party();
const others = (to: number): number[] => SURVIVORS.filter((index) => index !== to);

test("enough confirmations of the same survivors make a certificate, for every survivor", () => {
  expect(MACS.group.sum.confirmationsMin).toBe(5);
  for (const to of SURVIVORS) {
    expect(check(MACS, to, certificate(MACS, to, others(to)))).toBe("certified");
    // Itself and four others.
    expect(check(MACS, to, certificate(MACS, to, others(to).slice(1)))).toBe("certified");
    expect(check(MACS, to, certificate(MACS, to, others(to).slice(2)))).toBe("certificateTooSmall");
  }
  expect(check(MACS, 0, { confirmers: [], proofs: new Uint8Array() })).toBe("certificateTooSmall");
});

/** With ourselves five of seven: not one may be bad. */
const JUST_ENOUGH = [1, 4, 5, 6];

test("one bad proof beside enough good ones changes nothing: no member can undo the others' word", () => {
  const honest = certificate(MACS, 0, others(0));
  const proofs = honest.proofs.slice();
  proofs.fill(7, 16, 32);
  expect(check(MACS, 0, { ...honest, proofs })).toBe("certified");
  proofs.fill(7, 32, 48);
  expect(check(MACS, 0, { ...honest, proofs })).toBe("forgedCertificate");
});

test("a MAC for another set of survivors is worth nothing", () => {
  for (const liar of [1, 6]) {
    const honest = certificate(MACS, 0, JUST_ENOUGH);
    const proofs = honest.proofs.slice();
    const lie = certificate(MACS, 0, [liar], unsafeSecret("another inclusion")).proofs;
    proofs.set(lie, 16 * honest.confirmers.indexOf(liar));
    expect(check(MACS, 0, { ...honest, proofs })).toBe("forgedCertificate");
  }
});

test("a MAC that was made for somebody else, or by somebody else, is worth nothing", () => {
  const honest = certificate(MACS, 0, JUST_ENOUGH);
  const forAnother = certificate(MACS, 1, [4]).proofs;
  const proofs = honest.proofs.slice();
  proofs.set(forAnother, 16);
  expect(check(MACS, 0, { ...honest, proofs })).toBe("forgedCertificate");
  const swapped = concatBytes(
    honest.proofs.subarray(16, 32),
    honest.proofs.subarray(0, 16),
    honest.proofs.subarray(32),
  );
  expect(check(MACS, 0, { ...honest, proofs: swapped })).toBe("forgedCertificate");
  // Our own confirmation, sent back to us as 1's.
  const reflected = honest.proofs.slice();
  reflected.set(proofFor(MACS.group.sum, SURVIVORS, 0, 1, confirmation(MACS, 0)), 0);
  expect(check(MACS, 0, { ...honest, proofs: reflected })).toBe("forgedCertificate");
  expect(check(MACS, 0, honest)).toBe("certified");
});

test("nobody counts twice, whatever the order", () => {
  const twice = certificate(MACS, 0, [1, 1, 3, 4]);
  expect(check(MACS, 0, twice)).toBe("malformed");
  expect(check(MACS, 0, certificate(MACS, 0, [1, 3, 1, 3]))).toBe("malformed");
  expect(check(MACS, 0, certificate(MACS, 0, [3, 1, 4, 5]))).toBe("malformed");
  // We count ourselves, and are not to be counted again.
  const own = concatBytes(new Uint8Array(16), certificate(MACS, 0, [1, 3, 4, 5]).proofs);
  expect(check(MACS, 0, { confirmers: [0, 1, 3, 4, 5], proofs: own })).toBe("malformed");
});

test("only survivors of the batch confirm", () => {
  expect(check(MACS, 0, certificate(MACS, 0, [1, 2, 3, 4]))).toBe("malformed");
  expect(check(MACS, 0, certificate(MACS, 0, others(0)), [0, 1, 3, 4, 5])).toBe("malformed");
  const smaller: Party = {
    group: MACS.group,
    batch: batchOf(MACS.group, { members: [0, 1, 2, 3, 4, 5] }),
  };
  expect(check(smaller, 0, certificate(MACS, 0, others(0)))).toBe("malformed");
});

test("proofs of the wrong size are malformed", () => {
  const { confirmers, proofs } = certificate(MACS, 0, others(0));
  expect(check(MACS, 0, { confirmers, proofs: proofs.subarray(1) })).toBe("malformed");
  expect(check(MACS, 0, { confirmers, proofs: concatBytes(proofs, proofs) })).toBe("malformed");
  expect(check(MACS, 0, { confirmers: confirmers.slice(1), proofs })).toBe("malformed");
});

test("whom we have no channel with cannot confirm to us", () => {
  const { group } = MACS;
  const self = pick(group.members, 0);
  const channels = new Map([...self.channels].filter(([peer]) => peer !== 4));
  const state = { ...stateOf(MACS, 0), channels };
  const said = { survivors: SURVIVORS, inclusion: INCLUSION };
  const given = certificate(MACS, 0, JUST_ENOUGH);
  expect(isCertified(group.sum, self, state, said, given)).toBe("forgedCertificate");
  // And what we confirm holds no MAC for it, in the place where one would be.
  const ours = confirm(group.sum, self, state, SURVIVORS, INCLUSION);
  expect(ours.length).toBe(16 * 5);
  expect(proofFor(group.sum, SURVIVORS, 0, 4, ours)).toEqual(new Uint8Array(16));
});

test("a confirmation has a MAC for each other survivor, in order", () => {
  const { sum } = MACS.group;
  expect(proofBytes(sum)).toBe(16);
  for (const from of SURVIVORS) {
    const bytes = confirmation(MACS, from);
    expect(bytes.length).toBe(confirmationBytes(sum, MACS.batch.committee, SURVIVORS.length, from));
    const proofs = others(from).map((to) => proofFor(sum, SURVIVORS, from, to, bytes));
    expect(concatBytes(...proofs)).toEqual(bytes);
    expect(new Set(proofs.map((proof) => proof.join())).size).toBe(5);
  }
});

/** Five of the seven may sign, and four of them must. */
const SIGNED = party({ certificate: "signatures", confirmersMax: 5, confirmationsMin: 4 });
const committee = [...SIGNED.batch.committee].sort((a, b) => a - b);
const signers = committee.filter((index) => index !== 2);
const outside = SURVIVORS.filter((index) => !committee.includes(index));

test("a committee's members sign, and nobody else says anything", () => {
  const { sum } = SIGNED.group;
  expect(committee.length).toBe(5);
  expect(outside.length).toBeGreaterThan(0);
  expect(proofBytes(sum)).toBe(64);
  for (const index of SURVIVORS) {
    const size = committee.includes(index) ? 64 : 0;
    expect(confirmation(SIGNED, index).length).toBe(size);
    expect(confirmationBytes(sum, SIGNED.batch.committee, 6, index)).toBe(size);
  }
});

test("the committee's signatures certify, for its members and for the others", () => {
  const [to = -1] = outside;
  expect(check(SIGNED, to, certificate(SIGNED, to, signers.slice(0, 4)))).toBe("certified");
  expect(check(SIGNED, to, certificate(SIGNED, to, signers.slice(0, 3)))).toBe(
    "certificateTooSmall",
  );
  // A member of the committee counts its own.
  const [own = -1, ...rest] = signers;
  expect(check(SIGNED, own, certificate(SIGNED, own, rest.slice(0, 3)))).toBe("certified");
  expect(check(SIGNED, own, certificate(SIGNED, own, rest.slice(0, 2)))).toBe(
    "certificateTooSmall",
  );
  // And not twice, though its signature is good.
  expect(check(SIGNED, own, certificate(SIGNED, own, signers.slice(0, 3)))).toBe("malformed");
});

test("who is not in the committee cannot sign, nor anyone for another set", () => {
  const [verifier = -1, ...rest] = signers;
  const [stranger = -1] = outside;
  const list = [...rest, stranger].sort((a, b) => a - b);
  const proofs = list.map((index) =>
    pick(SIGNED.group.members, index).identity.sign(confirmStatement(INCLUSION, index)),
  );
  const withStranger = { confirmers: list, proofs: concatBytes(...proofs) };
  expect(check(SIGNED, verifier, withStranger)).toBe("malformed");
  const honest = certificate(SIGNED, stranger, signers.slice(0, 4));
  const lie = certificate(SIGNED, stranger, signers.slice(0, 1), unsafeSecret("another set"));
  const forged = concatBytes(lie.proofs, honest.proofs.subarray(64));
  expect(check(SIGNED, stranger, { ...honest, proofs: forged })).toBe("forgedCertificate");
  const moved = concatBytes(honest.proofs.subarray(64, 128), honest.proofs.subarray(64));
  expect(check(SIGNED, stranger, { ...honest, proofs: moved })).toBe("forgedCertificate");
  expect(check(SIGNED, stranger, honest)).toBe("certified");
});

/** A coordinator tells the first `camp` honest members one set and the others another; colluders confirm both. */
function campsConvinced(colluders: number, camp: number): [boolean, boolean] {
  const everyone = [0, 1, 2, 3, 4, 5, 6];
  const honest = everyone.slice(0, 7 - colluders);
  const { sum, members } = MACS.group;
  const sets = [unsafeSecret("one set"), unsafeSecret("the other set")] as const;
  const camps = [honest.slice(0, camp), honest.slice(camp)] as const;
  const convinced = (which: 0 | 1): boolean =>
    camps[which].some((to) => {
      const confirmers = [...camps[which], ...everyone.slice(honest.length)].filter(
        (i) => i !== to,
      );
      const proofs = confirmers.map((from) =>
        proofFor(sum, everyone, from, to, confirmation(MACS, from, sets[which], everyone)),
      );
      const given = { confirmers, proofs: concatBytes(...proofs) };
      const said = { survivors: everyone, inclusion: sets[which] };
      return isCertified(sum, pick(members, to), stateOf(MACS, to), said, given) === "certified";
    });
  return [convinced(0), convinced(1)];
}

test("two colluders of seven cannot have two sets certified, whatever the camps; three can", () => {
  for (let camp = 0; camp <= 5; camp++) expect(campsConvinced(2, camp)).not.toEqual([true, true]);
  expect(campsConvinced(2, 5)).toEqual([true, false]);
  expect(campsConvinced(3, 2)).toEqual([true, true]);
});
