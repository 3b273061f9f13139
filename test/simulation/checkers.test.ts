/** Each checker catches the bug that it is there for: planted here, in doubles and wrappers, never in the product. */
import { afterEach, expect, test, vi } from "vitest";
import { applyMasksInPlace, type Mask } from "../../shared/secagg/masks.ts";
import type { HeldShares } from "../../shared/secagg/prekeys.ts";
import { roomOf, runIn } from "./room.ts";
import { askingAgain, openingAgain, type SecondOpening } from "./second-opening.ts";
import { Simulation, type SimulationParams } from "./simulation.ts";
import { knownVector } from "./vectors.ts";
import { MemoryLedger } from "./virtual-gate.ts";

/** The shares that the planted agents keep, by holder and attempt, when they should forget them. */
const kept = vi.hoisted(() => new Map<string, ReadonlyMap<number, HeldShares>>());
vi.mock("../../shared/secagg/agent.ts", async (original) => {
  const actual = await original<typeof import("../../shared/secagg/agent.ts")>();
  const reveal: typeof actual.reveal = (params, self, state, certificate) => {
    const held = [...(state.batch.held.get(state.place.attempt) ?? [])].map(
      ([index, { self: own, recovery }]) =>
        [index, { self: own.slice(), recovery: recovery.slice() }] as const,
    );
    kept.set(`${self.index}/${state.place.attempt}`, new Map(held));
    return actual.reveal(params, self, state, certificate);
  };
  return { ...actual, reveal };
});

/** Planted: members that never mind over whom they opened a round, or do not mind not knowing; a coordinator that forgets. */
const amnesia = vi.hoisted(() => ({ ofMembers: false, ofRestarts: false, ofCoordinator: false }));
vi.mock("../../agent/openings.ts", async (original) => {
  const actual = await original<typeof import("../../agent/openings.ts")>();
  class UnsafeOpenings extends actual.Openings {
    override begin(runId: string, lastRound: number): void {
      super.begin(runId, amnesia.ofRestarts ? -1 : lastRound);
    }
    override refusal(...asked: Parameters<InstanceType<typeof actual.Openings>["refusal"]>) {
      return amnesia.ofMembers ? null : super.refusal(...asked);
    }
  }
  return { ...actual, Openings: UnsafeOpenings };
});
vi.mock("../../coordinator/run/certified.ts", async (original) => {
  const actual = await original<typeof import("../../coordinator/run/certified.ts")>();
  class UnsafeCertifiedRounds extends actual.CertifiedRounds {
    override of(round: number): readonly number[] | null {
      return amnesia.ofCoordinator ? null : super.of(round);
    }
    override adopt(...asked: Parameters<InstanceType<typeof actual.CertifiedRounds>["adopt"]>) {
      return amnesia.ofCoordinator ? false : super.adopt(...asked);
    }
  }
  return { ...actual, CertifiedRounds: UnsafeCertifiedRounds };
});
afterEach(() => {
  Object.assign(amnesia, { ofMembers: false, ofRestarts: false, ofCoordinator: false });
});

function openedTwice(liar: SecondOpening, during = (_: Simulation): void => undefined): string[] {
  return violationsOf({ memberCount: 5, ...liar.lies() }, (simulation) => {
    liar.during(simulation);
    during(simulation);
  });
}
const FIVE = runIn(roomOf(5), "planted", 2, 4);

function violationsOf(
  params: Partial<SimulationParams>,
  during = (_: Simulation): void => undefined,
): string[] {
  const simulation = new Simulation({ seed: "planted", memberCount: 4, rounds: 2, ...params });
  during(simulation);
  simulation.start();
  simulation.runUntil(15_000);
  return simulation.violations.map(({ checker, text }) => `${checker}: ${text}`);
}

test("without a planted bug nothing is found, and the run completes", () => {
  const simulation = new Simulation({ seed: "planted", memberCount: 4, rounds: 2 });
  simulation.start();
  simulation.runUntil(15_000);
  expect(simulation.violations).toEqual([]);
  expect(simulation.status).toBe("completed");
});

test("a coordinator that counts a member twice is caught", () => {
  const twice: NonNullable<SimulationParams["planted"]> = {
    expand: (masks, dimension, bits, done) => {
      const sum = knownVector("planted", 2, 0, dimension, bits);
      applyMasksInPlace(sum, masks, bits);
      done(sum);
    },
  };
  expect(violationsOf({ planted: twice })).toEqual([
    "sums: the sum of round 0 is not its survivors'",
  ]);
});

test("a coordinator that leaves a mask on is caught", () => {
  const planted: SimulationParams["planted"] = {
    expand: (masks, dimension, bits, done) => {
      const sum = new Uint32Array(dimension);
      applyMasksInPlace(sum, masks.slice(1), bits);
      done(sum);
    },
  };
  expect(violationsOf({ planted })).toEqual(["sums: the sum of round 0 is not its survivors'"]);
});

test("a sum over fewer members than the charter asks is caught", () => {
  const gone: SimulationParams["fromAgent"] = (member, sent) =>
    member === 3 && sent.message.type === "masked" ? [] : [sent];
  const found = violationsOf({ fromAgent: gone, planted: { checkedMembersMin: 4 } });
  expect(found).toEqual(["shares: member 0 opens attempt 0 over 3 survivors"]);
});

test("a release that counts a member twice, or comes out of turn, is caught", () => {
  const doubled: SimulationParams["planted"] = {
    event: (event) =>
      event.type === "roundReleased"
        ? { ...event, survivors: [...event.survivors.slice(1), ...event.survivors.slice(1, 2)] }
        : event,
  };
  expect(violationsOf({ planted: doubled })).toEqual([
    "sums: round 0 counts a member twice, or a stranger",
  ]);
  const repeated: SimulationParams["planted"] = {
    event: (event) => (event.type === "roundReleased" ? { ...event, round: 0 } : event),
  };
  expect(violationsOf({ planted: repeated })).toEqual(["sums: round 0 released where 1 was due"]);
});

test("an agent that gives out both kinds of share is caught", () => {
  const both: SimulationParams["fromAgent"] = (member, sent) => {
    const { message } = sent;
    const held = message.type === "shares" && kept.get(`${member}/${message.attempt}`);
    if (member !== 2 || message.type !== "shares" || !held) return [sent];
    const recovery = held.get(0)?.recovery ?? new Uint8Array();
    const second = { ...message, seed: new Uint8Array() };
    return [sent, { message: { ...second, of: Uint8Array.of(0b0001), shares: recovery } }];
  };
  expect(violationsOf({ fromAgent: both })).toContain(
    "shares: both kinds of share of member 0 are out in attempt 0",
  );
});

test("an agent that gives out the wrong kind to a coordinator that asks nicely is caught", () => {
  const wrong: SimulationParams["fromAgent"] = (member, sent) => {
    const { message } = sent;
    if (member !== 2 || message.type !== "shares") return [sent];
    const held = kept.get(`${member}/${message.attempt}`);
    const shares = held?.get(0)?.recovery ?? new Uint8Array();
    return [{ message: { ...message, of: Uint8Array.of(0b0001), shares } }];
  };
  expect(violationsOf({ fromAgent: wrong })).toContain(
    "shares: both kinds of share of member 0 are out in attempt 0",
  );
});

test.each([
  "confirmed",
  "shares",
] as const)("an agent that says %s twice in an attempt is caught", (type) => {
  const twice: SimulationParams["fromAgent"] = (member, sent) =>
    member === 1 && sent.message.type === type ? [sent, sent] : [sent];
  expect(violationsOf({ fromAgent: twice })).toContain(`shares: member 1 says ${type} twice`);
});

test("members that open one round over two sets of survivors are caught", () => {
  expect(openedTwice(openingAgain(FIVE))).toEqual([]);
  amnesia.ofMembers = true;
  expect(openedTwice(openingAgain(FIVE))).toContain(
    "openings: member 1 opens round 0 over {0 1 2 3 4} and over {1 2 3 4}",
  );
});

test("members that open one ask under two numbers, over two sets, are caught", () => {
  expect(openedTwice(askingAgain(FIVE))).toEqual([]);
  amnesia.ofMembers = true;
  const caught = openedTwice(askingAgain(FIVE)).map((text) => text.replace(/[0-9a-f]{64}/, "…"));
  expect(caught).toContain("openings: ask zeros … is opened over two sets of survivors");
});

test("members that were restarted, and open a round as if they knew it was not opened, are caught", () => {
  const restarted = ({ time, agents }: Simulation): void => {
    time.at(300, () => void agents.map((agent) => agent.crash()));
    time.at(320, () => void agents.map((agent) => agent.start()));
  };
  expect(openedTwice(openingAgain(FIVE), restarted)).toEqual([]);
  amnesia.ofRestarts = true;
  expect(openedTwice(openingAgain(FIVE), restarted)).toContain(
    "openings: member 1 opens round 0 over {0 1 2 3 4} and over {1 2 3 4}",
  );
});

test("a coordinator that forgets whom it certified is caught: honest members have to call it a liar", () => {
  const lost: SimulationParams = {
    seed: "planted",
    memberCount: 5,
    rounds: 2,
    fromAgent: (_, sent) =>
      sent.message.type === "shares" && sent.message.attempt === 0 ? [] : [sent],
  };
  const back = ({ time, agents }: Simulation): void => {
    time.at(300, () => agents[0]?.crash());
    time.at(3000, () => agents[0]?.start());
  };
  expect(violationsOf(lost, back)).toEqual([]);
  amnesia.ofCoordinator = true;
  expect(violationsOf(lost, back)).toEqual(["blame: member 1 blames coordinator: otherSurvivors"]);
});

test("a ledger that forgets is caught before the vector is out", () => {
  class UnsafeForgetfulLedger extends MemoryLedger {
    override debit(): boolean {
      return true;
    }
  }
  const planted = { ledger: () => new UnsafeForgetfulLedger() };
  expect(violationsOf({ planted })).toEqual(["ledger: member 0 answers attempt 0 on 0 entries"]);
});

test("an agent that sends a vector twice is caught", () => {
  const twice: SimulationParams["fromAgent"] = (member, sent) =>
    member === 1 && sent.message.type === "masked" ? [sent, sent] : [sent];
  expect(violationsOf({ fromAgent: twice })).toContain(
    "ledger: member 1 sends two vectors in attempt 0",
  );
});

test("an agent that masks two vectors with one mask is caught", () => {
  let first: readonly Mask[] | null = null;
  const planted: SimulationParams["planted"] = {
    masks: (member, masks) => {
      if (member !== 0) return masks;
      first ??= masks;
      return first;
    },
  };
  expect(violationsOf({ planted })).toEqual(["keys: member 0 uses a mask twice"]);
});

test("an agent that deals twice for one attempt is caught", () => {
  const twice: SimulationParams["fromAgent"] = (member, sent) =>
    member === 1 && sent.message.type === "prekeys" ? [sent, sent] : [sent];
  expect(violationsOf({ fromAgent: twice })).toContain("keys: member 1 deals twice for attempt 0");
});

test("blame of an honest member is caught", () => {
  // The liar is not declared as one, so its fault counts as an honest member's.
  const unsigned: SimulationParams["fromAgent"] = (member, sent) => {
    const { message } = sent;
    if (member !== 1 || message.type !== "prekeys") return [sent];
    return [{ message: { ...message, signature: new Uint8Array(64) } }];
  };
  expect(violationsOf({ fromAgent: unsigned })).toEqual([
    "blame: the coordinator blames bank-2: badPrekeys",
  ]);
});
