/** A coordinator that lies about models, cohorts and history: it gets noise, or nothing, and is found out. */
import { expect, test } from "vitest";
import { sha256 } from "../../shared/crypto/hash.ts";
import { firstHead, nextHead } from "../../shared/transcript/chain.ts";
import {
  attacked,
  evidenceOf,
  faultsSeenBy,
  lyingTo,
  type OfType,
  overhearing,
  refusalsOf,
  resignedRound,
  survivorsOf,
  type ToAgent,
} from "./attacks.ts";
import { CoordinatorEye } from "./coordinator-eye.ts";
import { roomOf, runIn } from "./room.ts";
import type { Sent } from "./simulation.ts";

const FIVE = { memberCount: 5, coordinatorLies: true } as const;
const run = runIn(roomOf(5), "attack", 2, 4);

test("two models in one round: the masks of the two camps do not cancel, and both signatures are proof", () => {
  const { fromAgent, heard } = overhearing();
  const simulation = attacked({
    ...FIVE,
    fromAgent,
    toAgent: lyingTo([0], "roundOpened", (message) => {
      const vector = Uint8Array.of(0, 0, 0, 192); // Another model of one parameter, for the victim alone.
      const header = { byteLength: vector.length, sha256: sha256(vector) };
      return [{ message: resignedRound(run, { ...message, vector: header }), vector }];
    }),
  });
  expect(simulation.violations).toEqual([]);
  // The victim answers under a context of its own: its vector fits into no sum.
  expect(heard.some(({ member, message }) => member === 0 && message.type === "masked")).toBe(true);
  expect(survivorsOf(simulation)).toEqual(["2 3 4 5", "2 3 4 5"]);
  expect(evidenceOf(simulation, 0, 1)).toContain("twoAsks");
  expect(evidenceOf(simulation, 1, 2)).toEqual([]);
});

/** Round 0 has its cohort when its members are ready; round 1, as all was quick, with its ask. */
const LATER = [
  ["once all are ready", 0],
  ["with the ask", 1],
] as const;

/** Another cohort, in the round's ask or in what follows it. */
const lyingOfCohort =
  (round: number, cohort: Uint8Array, others: (lie: ToAgent) => readonly ToAgent[] = () => []) =>
  (member: number, sent: Sent<ToAgent>): Sent<ToAgent>[] => {
    const { message, vector } = sent;
    const isTold =
      (message.type === "committed" && message.attempt === 0) ||
      (message.type === "roundOpened" && message.cohort.length > 0);
    if (member !== 0 || !isTold || message.attempt !== round) return [sent];
    const lie = { ...message, cohort };
    return [
      ...others(message).map((told) => ({ message: told, ...(vector && { vector }) })),
      { message: lie, ...(vector && { vector }) },
    ];
  };

test.each(
  LATER,
)("two cohorts in one round, told %s: whoever was told another one fits into no sum", (_, round) => {
  const simulation = attacked({
    ...FIVE,
    toAgent: lyingOfCohort(round, Uint8Array.of(0b01111)),
  });
  expect(simulation.violations).toEqual([]);
  const all = "1 2 3 4 5";
  expect(survivorsOf(simulation)).toEqual(round === 0 ? ["2 3 4 5", all] : [all, "2 3 4 5"]);
});

test.each(LATER)("a cohort twice, told %s, gets no second vector", (_, round) => {
  const { fromAgent, heard } = overhearing();
  const told: ToAgent[] = [];
  const simulation = attacked({
    ...FIVE,
    fromAgent,
    toAgent: lyingOfCohort(round, Uint8Array.of(0b01111), (message) => {
      told.push(message);
      return [message];
    }),
  });
  expect(simulation.violations).toEqual([]);
  const masked = heard.filter(({ member, message }) => member === 0 && message.type === "masked");
  expect(masked).toHaveLength(2); // One for each round.
  expect(told.map(({ type }) => type)).toEqual([round === 0 ? "committed" : "roundOpened"]);
});

test("a cohort told with the ask and then another one: the first counts, and no second vector leaves", () => {
  const { fromAgent, heard } = overhearing();
  let lies = 0;
  const simulation = attacked({
    ...FIVE,
    fromAgent,
    toAgent: (_, sent) => {
      const { message } = sent;
      if (message.type !== "roundOpened" || message.cohort.length === 0) return [sent];
      lies += 1;
      const { runId, attempt } = message;
      const cohort = Uint8Array.of(0b01111);
      return [sent, { message: { type: "committed", runId, attempt, cohort } }];
    },
  });
  expect(simulation.violations).toEqual([]);
  const masked = heard.filter(({ member, message }) => member === 0 && message.type === "masked");
  expect(masked).toHaveLength(2);
  expect(survivorsOf(simulation)).toEqual(["1 2 3 4 5", "1 2 3 4 5"]);
  expect(lies).toBe(5);
});

test.each([
  ["of too few", 0b00011, "cohortTooSmall"],
  ["without its reader", 0b11110, "notInCohort"],
  ["with a stranger", 0b111111, "malformed"],
])("a cohort %s, told with the ask, gets no vector", (_, bits, code) => {
  const simulation = attacked({ ...FIVE, toAgent: lyingOfCohort(1, Uint8Array.of(bits)) });
  expect(refusalsOf(simulation, 0)).toEqual([code]);
  expect(simulation.violations).toEqual([]);
  expect(survivorsOf(simulation)).toEqual(["1 2 3 4 5", "2 3 4 5"]);
});

test("an old attempt asked for again is not worked on, let alone answered", () => {
  const opened: OfType<ToAgent, "roundOpened">[] = [];
  const { fromAgent, heard } = overhearing();
  const simulation = attacked({
    ...FIVE,
    fromAgent,
    toAgent: lyingTo([0], "roundOpened", (message) => {
      opened.push(message);
      const [first = message] = opened;
      return [{ message }, { message: first }, { message }];
    }),
  });
  expect(simulation.violations).toEqual([]);
  expect([...simulation.work].filter(([name]) => name.startsWith("bank-1"))).toEqual([
    ["bank-1/0", 1],
    ["bank-1/1", 1],
  ]);
  const masked = heard.filter(({ member, message }) => member === 0 && message.type === "masked");
  expect(masked).toHaveLength(2);
});

test("an attempt beyond all prekeys is declined", () => {
  const simulation = attacked({
    ...FIVE,
    toAgent: lyingTo([0], "roundOpened", (message) => [
      { message: resignedRound(run, { ...message, attempt: message.attempt + 1000 }) },
    ]),
  });
  expect(simulation.violations).toEqual([]);
  expect(refusalsOf(simulation, 0)[0]).toBe("noPrekeys");
});

test("a round that the coordinator did not sign makes the member leave the run", () => {
  const simulation = attacked({
    ...FIVE,
    toAgent: lyingTo([0], "roundOpened", (message) => [
      { message: { ...message, signature: new Uint8Array(64) } },
    ]),
  });
  expect(faultsSeenBy(simulation, 0)).toEqual(["badSignature coordinator"]);
  expect(survivorsOf(simulation)).toEqual(["2 3 4 5", "2 3 4 5"]);
});

test("survivors that the coordinator did not sign are not confirmed", () => {
  const simulation = attacked({
    ...FIVE,
    toAgent: lyingTo([0], "included", (message) => [
      { message: { ...message, signature: new Uint8Array(64) } },
    ]),
  });
  expect(refusalsOf(simulation, 0)).toEqual(["badSignature", "badSignature"]);
  expect(simulation.violations).toEqual([]);
});

test("another vector counted for a member than it sent: it does not confirm, though all of it is signed", () => {
  /** INCLUDED made anew by the coordinator's own key; with another vector of member 0, or with the true one. */
  const retold = (other: Uint8Array | null) => {
    const eye = new CoordinatorEye(run);
    return attacked({
      ...FIVE,
      fromAgent: (member, sent) => {
        const { message } = sent;
        const vector = { byteLength: 0, sha256: other ?? new Uint8Array() };
        const lie = other && member === 0 && message.type === "masked";
        eye.hear(member, lie ? { ...message, vector } : message);
        return [sent];
      },
      toAgent: (member, sent) => {
        eye.see(sent.message);
        if (member !== 0 || sent.message.type !== "included") return [sent];
        return [{ message: eye.without(-1, sent.message, 0) }]; // Without nobody.
      },
    });
  };
  const lied = retold(new Uint8Array(32).fill(7));
  expect(refusalsOf(lied, 0)).toEqual(["badSignature", "badSignature"]);
  expect(lied.violations).toEqual([]);
  const honest = retold(null);
  expect(refusalsOf(honest, 0)).toEqual([]);
  expect(survivorsOf(honest)).toEqual(["1 2 3 4 5", "1 2 3 4 5"]);
});

test("a path up the tree that was changed or cut short is not confirmed", () => {
  for (const change of [
    (path: Uint8Array) => path.map((byte) => byte ^ 1),
    (path: Uint8Array) => path.subarray(32),
    (path: Uint8Array) => path.subarray(1),
  ]) {
    const simulation = attacked({
      ...FIVE,
      toAgent: lyingTo([0], "included", (message) => [
        { message: { ...message, path: change(message.path) } },
      ]),
    });
    const [code] = refusalsOf(simulation, 0);
    expect(["badSignature", "malformed"]).toContain(code);
    expect(refusalsOf(simulation, 0)).toHaveLength(2);
  }
});

test("a history that is not the one the member saw makes it leave, with the proof in its vault", () => {
  const simulation = attacked({
    ...FIVE,
    toAgent: lyingTo([0], "roundOpened", (message) => {
      if (message.round === 0) return [{ message }];
      return [{ message: resignedRound(run, { ...message, head: new Uint8Array(32).fill(7) }) }];
    }),
  });
  expect(faultsSeenBy(simulation, 0)).toEqual(["transcriptFork coordinator"]);
  expect(survivorsOf(simulation)).toEqual(["1 2 3 4 5", "2 3 4 5"]);
  expect(evidenceOf(simulation, 0, 1)).toEqual(["twoHistories"]);
});

test("two histories, each in itself sound: no sum over both, and two members side by side hold the proof", () => {
  const simulation = attacked({
    ...FIVE,
    toAgent: lyingTo([0], "roundOpened", (message) => {
      const { last } = message;
      if (!last) return [{ message }];
      const forged = { ...last, resultHash: new Uint8Array(32).fill(9) };
      const head = nextHead(firstHead(run.runId), forged);
      return [{ message: resignedRound(run, { ...message, head, last: forged }) }];
    }),
  });
  expect(faultsSeenBy(simulation, 0)).toEqual([]); // Alone it cannot know.
  expect(simulation.violations).toEqual([]);
  expect(survivorsOf(simulation)).toEqual(["1 2 3 4 5", "2 3 4 5"]);
  expect(evidenceOf(simulation, 0, 1)).toEqual(["twoHistories"]);
});
