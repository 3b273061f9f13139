/** Both halves of secure aggregation against each other: exact sums, drop-outs, and who learns what. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { reproducibleRng } from "../../../shared/base/reproducible.ts";
import { UniformSource } from "../../../shared/base/uniform.ts";
import * as agent from "../../../shared/secagg/agent.ts";
import type { AttemptParams } from "../../../shared/secagg/params.ts";
import { type RingBits, ringMask } from "../../../shared/secagg/ring.ts";
import { buildRoom, type DropPoint, playAttempt } from "../../support/secagg.ts";

const dropPoint = fc.constantFrom<DropPoint>(
  "never",
  "never",
  "never",
  "never",
  "never",
  "never",
  "never",
  "beforeReady",
  "beforeMasked",
  "beforeShares",
);

function randomVectors(
  count: number,
  dimension: number,
  bits: RingBits,
  seed: string,
): Uint32Array[] {
  const source = new UniformSource(reproducibleRng(seed));
  const mask = ringMask(bits);
  return Array.from({ length: count }, () =>
    Uint32Array.from({ length: dimension }, () => (source.uint32() & mask) >>> 0),
  );
}

/** Everyone's signed mask key, as COMMIT carries it; nothing sealed. */
function committedCohort(
  params: AttemptParams,
  members: readonly agent.AgentSelf[],
  begun: readonly ReturnType<typeof agent.beginAttempt>[],
): agent.CommittedMember[] {
  return members.map((self, i): agent.CommittedMember => {
    const own = begun[i];
    if (!own) throw new Error("missing");
    return {
      memberId: self.memberId,
      maskKey: own.maskKey,
      signature: agent.signReady(params, self, own.state),
      sealed: null,
    };
  });
}

test("the opened sum equals the integer sum of the survivors' vectors, or nothing is opened", () => {
  let released = 0;
  const property = fc.property(
    fc
      .integer({ min: 3, max: 12 })
      .chain((n) => fc.tuple(fc.constant(n), fc.array(dropPoint, { minLength: n, maxLength: n }))),
    fc.constantFrom<RingBits>(24, 32),
    fc.integer({ min: 1, max: 300 }),
    fc.integer(),
    ([n, drops], bits, dimension, seed) => {
      const rng = reproducibleRng(`attempt-${seed}`);
      const room = buildRoom(n, dimension, bits, rng);
      const vectors = randomVectors(n, dimension, bits, `vectors-${seed}`);
      const { outcome, reveals } = playAttempt(room, vectors, drops, rng);
      const masked = drops.filter((drop) => drop === "never" || drop === "beforeShares").length;
      const revealing = drops.filter((drop) => drop === "never").length;
      if (masked < room.params.threshold || revealing < room.params.threshold) {
        expect(outcome?.type).toBe("aborted");
        return;
      }
      if (outcome?.type !== "released") throw new Error(`expected a release, got ${outcome?.type}`);
      released += 1;
      const expected = new Uint32Array(dimension);
      room.members.forEach(({ memberId }, i) => {
        if (!outcome.survivors.includes(memberId)) return;
        vectors[i]?.forEach((value, k) => {
          expected[k] = (expected[k] ?? 0) + value;
        });
      });
      for (let k = 0; k < dimension; k++) expected[k] = (expected[k] ?? 0) & ringMask(bits);
      expect(outcome.sum).toEqual(expected);
      expect(outcome.survivors.length).toBe(masked);
      for (const { by, of, survived } of reveals) {
        expect(
          reveals.some(
            (other) => other.by === by && other.of === of && other.survived !== survived,
          ),
        ).toBe(false);
      }
    },
  );
  fc.assert(property, { numRuns: 120 });
  expect(released).toBeGreaterThan(20);
});

test("an agent refuses a cohort that is too small, altered, repeated or without itself", () => {
  const rng = reproducibleRng("refusals");
  const { params, members } = buildRoom(4, 5, 32, rng);
  const begun = members.map((self) => agent.beginAttempt(params, self, rng));
  const cohort = committedCohort(params, members, begun);
  const [self] = members;
  const [first] = begun;
  const [one, two, three, four] = cohort;
  if (!self || !first || !one || !two || !three || !four) throw new Error("missing");
  const codeOf = (list: agent.CommittedMember[], of: typeof params = params): string => {
    const outcome = agent.commit(of, self, first.state, list);
    return outcome.ok ? "ok" : outcome.code;
  };
  expect(codeOf(cohort)).toBe("ok");
  expect(codeOf([one, two])).toBe("cohortTooSmall");
  expect(codeOf([two, three, four])).toBe("notInCohort");
  expect(codeOf([one, two, three, three])).toBe("repeatedMember");
  expect(codeOf([one, two, three, { ...four, memberId: "sybil" }])).toBe("unknownMember");
  expect(codeOf([one, two, three, { ...four, maskKey: two.maskKey }])).toBe("badSignature");
  expect(codeOf([one, two, three, { ...four, maskKey: one.maskKey }])).toBe("badMaskKey");
  expect(codeOf([one, two, three, { ...four, maskKey: new Uint8Array(32) }])).toBe("badSignature");
  // Members that were shown another model signed another ask: their signatures do not hold here.
  expect(codeOf(cohort, { ...params, askHash: new Uint8Array(32) })).toBe("badSignature");
});

test("an agent reveals nothing for too few survivors, for strangers, or when left out itself", () => {
  const rng = reproducibleRng("reveal");
  const { params, members } = buildRoom(4, 5, 32, rng);
  const begun = members.map((self) => agent.beginAttempt(params, self, rng));
  const cohort = committedCohort(params, members, begun);
  const [self] = members;
  const [first] = begun;
  if (!self || !first) throw new Error("missing");
  const committed = agent.commit(params, self, first.state, cohort);
  if (!committed.ok) throw new Error(committed.code);
  const codeOf = (survivors: string[]): string => {
    const outcome = agent.reveal(params, self, committed.value.state, survivors);
    return outcome.ok ? "ok" : outcome.code;
  };
  const ids = members.map(({ memberId }) => memberId);
  expect(codeOf(ids.slice(0, 2))).toBe("tooFewSurvivors");
  expect(codeOf(ids.slice(1))).toBe("notIncluded");
  expect(codeOf([...ids.slice(0, 3), "sybil"])).toBe("survivorNotInCohort");
  expect(codeOf([...ids, ids[0] ?? ""])).toBe("repeatedMember");
  expect(codeOf(ids)).toBe("ok");
});
