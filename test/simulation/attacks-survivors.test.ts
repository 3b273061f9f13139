/**
 * A coordinator that lies about who survived, to get both kinds of share for one member, or a sum over few:
 * the attacks that secure aggregation without a certificate falls to.
 */
import { expect, test } from "vitest";
import { toBitmap } from "../../shared/base/member-set.ts";
import { type AgentMessage, CoordinatorMessage } from "../../shared/protocol/messages.ts";
import { messageFields } from "../support/architecture-messages.ts";
import {
  attacked,
  evidenceOf,
  lyingTo,
  type OfType,
  overhearing,
  refusalsOf,
  survivorsOf,
  type ToAgent,
} from "./attacks.ts";
import { CoordinatorEye } from "./coordinator-eye.ts";
import { roomOf, runIn } from "./room.ts";
import type { Sent, Simulation } from "./simulation.ts";

/** Attempt 0 is attacked; what the coordinator does later is honest. */
const FIRST = 0;
/** Who gave anything out in an attempt. */
function sharesOf(heard: ReturnType<typeof overhearing>["heard"], attempt: number): number[] {
  const givers = heard.flatMap(({ member, message }) =>
    message.type === "shares" && message.attempt === attempt ? [member] : [],
  );
  return [...new Set(givers)];
}

/** Five members, of whom some are told in attempt 0 that member 0 dropped out. */
function splitting(camp: readonly number[]) {
  const run = runIn(roomOf(5), "attack", 2, 4);
  const eye = new CoordinatorEye(run);
  const { fromAgent, heard } = overhearing((member, sent) => {
    eye.hear(member, sent.message);
    return [sent];
  });
  const toAgent = (member: number, sent: Sent<ToAgent>): Sent<ToAgent>[] => {
    const { message } = sent;
    eye.see(message);
    const lie = message.type === "included" && message.attempt === FIRST && camp.includes(member);
    return lie ? [{ message: eye.without(0, message, member) }] : [sent];
  };
  return { fromAgent, heard, toAgent, memberCount: 5, coordinatorLies: true };
}

test("one member shown as a survivor to some and as a dropout to others: no share leaves", () => {
  const { heard, ...lies } = splitting([3, 4]);
  const simulation = attacked(lies);
  expect(simulation.violations).toEqual([]);
  const confirmed = heard.filter(({ message }) => message.type === "confirmed");
  expect(confirmed.length).toBeGreaterThanOrEqual(5); // Both camps believe what they were told.
  expect(sharesOf(heard, FIRST)).toEqual([]);
  expect(survivorsOf(simulation)).toHaveLength(2); // In later attempts, told honestly.
  expect(evidenceOf(simulation, 1, 4)).toEqual(["twoInclusions"]);
  expect(evidenceOf(simulation, 1, 2)).toEqual([]);
});

test("the smaller camp's own confirmations do not make a certificate", () => {
  const { heard, ...lies } = splitting([3, 4]);
  let running: Simulation | null = null;
  const fromAgent = (member: number, sent: Sent<AgentMessage>): readonly Sent<AgentMessage>[] => {
    const { message } = sent;
    if (member === 4 && message.type === "confirmed" && message.attempt === FIRST) {
      const proofs = message.confirmation.slice(32, 48); // Made for 3, after those for 1 and 2.
      const { runId, attempt } = message;
      const confirmers = Uint8Array.of(0b10000);
      running?.time.after(20, () =>
        running?.tell(3, { type: "certified", runId, attempt, confirmers, proofs }),
      );
    }
    return lies.fromAgent(member, sent);
  };
  const simulation = attacked({ ...lies, fromAgent }, (started) => {
    running = started;
  });
  expect(simulation.violations).toEqual([]);
  expect(refusalsOf(simulation, 3)).toEqual(["certificateTooSmall"]);
  expect(sharesOf(heard, FIRST)).toEqual([]);
});

test("proofs that were made for another set are a forgery", () => {
  const { fromAgent, heard } = overhearing();
  const simulation = attacked({
    memberCount: 5,
    coordinatorLies: true,
    fromAgent,
    toAgent: lyingTo([0], "certified", (message) => {
      const proofs = message.proofs.map((byte) => byte ^ 1); // As made for another set.
      return [{ message: message.attempt === FIRST ? { ...message, proofs } : message }];
    }),
  });
  expect(simulation.violations).toEqual([]);
  expect(refusalsOf(simulation, 0)).toEqual(["forgedCertificate"]);
  expect(sharesOf(heard, FIRST)).toEqual([1, 2, 3, 4]);
});

test("shares are not given out without a certificate, nor for one that is short or counts someone twice", () => {
  const lies: ((message: OfType<ToAgent, "certified">) => OfType<ToAgent, "certified">)[] = [
    (message) => ({ ...message, confirmers: new Uint8Array(1), proofs: new Uint8Array() }),
    (message) => ({
      ...message,
      confirmers: Uint8Array.of(0b10),
      proofs: message.proofs.slice(0, 16),
    }),
    (message) => ({ ...message, proofs: message.proofs.slice(1) }),
  ];
  const codes = ["certificateTooSmall", "certificateTooSmall", "malformed"];
  for (const [i, lie] of lies.entries()) {
    const { fromAgent, heard } = overhearing();
    const simulation = attacked({
      coordinatorLies: true,
      fromAgent,
      toAgent: lyingTo([0], "certified", (message) => [
        { message: message.attempt === FIRST ? lie(message) : message },
      ]),
    });
    expect(simulation.violations).toEqual([]);
    expect(refusalsOf(simulation, 0)).toEqual([codes[i]]);
    expect(sharesOf(heard, FIRST)).not.toContain(0);
  }
});

test("a certificate before its time says nothing to a member; an old one is a forgery", () => {
  let old: OfType<ToAgent, "certified"> | null = null;
  const simulation = attacked({
    coordinatorLies: true,
    toAgent: (member, sent) => {
      const { message } = sent;
      if (member !== 0) return [sent];
      if (message.type === "certified") {
        old ??= message;
        return [{ message: { ...old, attempt: message.attempt } }];
      }
      if (message.type !== "included") return [sent];
      const { runId, attempt } = message;
      const empty = { confirmers: new Uint8Array(1), proofs: new Uint8Array() };
      return [{ message: { type: "certified", runId, attempt, ...empty } }, sent];
    },
  });
  expect(simulation.violations).toEqual([]);
  expect(refusalsOf(simulation, 0)).toEqual(["forgedCertificate"]); // In the second round.
  expect(survivorsOf(simulation)).toHaveLength(2);
});

test.each([
  ["committed", "cohortTooSmall"],
  ["included", "tooFewSurvivors"],
] as const)("a set of members below the minimum is refused at %s", (type, code) => {
  const { fromAgent, heard } = overhearing();
  const simulation = attacked({
    coordinatorLies: true,
    fromAgent,
    toAgent: (_, sent) => {
      const { message } = sent;
      if (message.type !== type || message.attempt !== FIRST) return [sent];
      const few = Uint8Array.of(0b0011);
      if (message.type === "committed") return [{ message: { ...message, cohort: few } }];
      const path = message.path.slice(0, 32);
      return [{ message: { ...message, survivors: few, path } }];
    },
  });
  expect(simulation.violations).toEqual([]);
  expect(refusalsOf(simulation, 0)).toEqual([code]);
  expect(sharesOf(heard, FIRST)).toEqual([]);
  const masked = heard.filter(({ message }) => message.type === "masked" && message.attempt === 0);
  expect(masked).toHaveLength(type === "committed" ? 0 : 4);
});

test("a survivor that was not in the cohort, or a set without ourselves, is refused", () => {
  const last = attacked({
    memberCount: 5,
    coordinatorLies: true,
    toAgent: (_, sent) => {
      const { message } = sent;
      if (!("attempt" in message) || message.attempt !== FIRST) return [sent];
      if (message.type === "committed")
        return [{ message: { ...message, cohort: Uint8Array.of(0b01111) } }];
      return [sent];
    },
  });
  // Member 4 is told of a cohort without it; the others, of survivors with it.
  expect(refusalsOf(last, 4)).toEqual(["notInCohort"]);
  expect(last.violations).toEqual([]);
});

test("a round tried again with one member fewer opens the second sum, never the first", () => {
  const { fromAgent, heard } = overhearing();
  const simulation = attacked({
    coordinatorLies: true,
    fromAgent,
    toAgent: (member, sent) => {
      const { message } = sent;
      if (!("attempt" in message)) return [sent];
      // First attempt: collects the vectors of all, then goes silent and later says: certified.
      if (message.attempt === FIRST && message.type === "included") return [];
      if (message.attempt === FIRST + 1 && message.type === "committed")
        return [{ message: { ...message, attempt: FIRST } }, sent];
      return member === 3 && message.attempt === FIRST + 1 ? [] : [sent];
    },
  });
  expect(simulation.violations).toEqual([]);
  expect(sharesOf(heard, FIRST)).toEqual([]);
  expect(survivorsOf(simulation)[0]).toBe("1 2 3");
});

/** Attempt 0 is opened as it should be; then the coordinator asks member 0 for shares of whomever it likes. */
function askingFor(of: readonly number[], when: "confirmed" | "shares" = "shares") {
  let running: Simulation | null = null;
  const ask = (runId: string, attempt: number): void =>
    running?.tell(0, { type: "sharesAsked", runId, attempt, of: toBitmap(of, 5) });
  const { fromAgent, heard } = overhearing((member, sent) => {
    const { message } = sent;
    if (!("attempt" in message) || message.attempt !== FIRST) return [sent];
    if (member === 4 && message.type === "masked") return []; // Told of a dropout, all of them.
    if (member === 0 && message.type === when)
      for (const ms of [1, 2]) running?.time.after(ms, () => ask(message.runId, FIRST));
    return [sent];
  });
  const simulation = attacked({ memberCount: 5, coordinatorLies: true, fromAgent }, (started) => {
    running = started;
  });
  expect(simulation.violations).toEqual([]);
  const given = heard.flatMap(({ member, message }) =>
    member === 0 && message.type === "shares" && message.attempt === FIRST ? [message] : [],
  );
  return { simulation, given: given.map(({ seed, of: about }) => [seed.length, about[0]]) };
}

test("shares of survivors' seeds are given when asked for, once; a dropout's never, and it is the coordinator that is at fault", () => {
  const first = [32, 0b10000]; // Its own seed, and a share that opens the dropout's masks.
  const survivors = askingFor([1, 3]);
  expect(survivors.given).toEqual([first, [0, 0b01010]]);
  expect(refusalsOf(survivors.simulation, 0)).toEqual([]);
  const dropout = askingFor([1, 4]);
  expect(dropout.given).toEqual([first]);
  expect(refusalsOf(dropout.simulation, 0)).toEqual(["notSurvivor"]);
});

test("who is asked for shares before the certificate gives none", () => {
  expect(askingFor([1, 3], "confirmed").given).toEqual([[32, 0b10000]]);
});

test("a survivor's seed is opened from shares where it fell silent after the certificate", () => {
  const { fromAgent, heard } = overhearing((member, sent) =>
    member === 2 && sent.message.type === "shares" && sent.message.attempt === FIRST ? [] : [sent],
  );
  const simulation = attacked({ memberCount: 5, fromAgent });
  expect(simulation.violations).toEqual([]);
  expect(survivorsOf(simulation)[0]).toBe("1 2 3 4 5");
  const more = heard.filter(({ message }) => message.type === "shares" && !message.seed.length);
  expect(more.map(({ member }) => member)).toEqual([0, 1, 3, 4]);
});

test("no message names a threshold, a minimum or a degree: there is nothing to lie about", () => {
  const fields = messageFields(CoordinatorMessage);
  expect(fields.length).toBeGreaterThan(20);
  expect(fields.filter((field) => /threshold|min|max|degree|required/i.test(field))).toEqual([]);
});
