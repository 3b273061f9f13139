/** The agent's half, through `Member`: every message of the coordinator in every phase of an agent. */
import { expect, test } from "vitest";
import type { FromGate } from "../../agent/gate/messages.ts";
import { Member } from "../../agent/member.ts";
import { toHex } from "../../shared/base/bytes.ts";
import { NO_POLICY } from "../../shared/charter/policy/local-policy.ts";
import type { AgentMessage, CoordinatorMessage } from "../../shared/protocol/messages.ts";
import { unsafeSeededRng } from "../simulation/dice.ts";
import { unsafeKem } from "../simulation/kem.ts";
import { type Sent, Simulation } from "../simulation/simulation.ts";
import { MemoryLedger, VirtualGate } from "../simulation/virtual-gate.ts";
import { NO_PROPOSALS } from "../support/whole-run.ts";

/** The last of four, so that it gets everyone's half of their channels. */
const INDEX = 3;
const SEED = "member phases";

type Heard = Sent<CoordinatorMessage>;
/** Proposals, and the copy of the room's history, have tests of their own. */
type Type = Exclude<CoordinatorMessage["type"], "runProposed" | "proposalClosed" | "roomExtended">;

/** What one member hears in a whole run, in order. A member made from the same seed answers it alike. */
const heard: Heard[] = [];
const simulation = new Simulation({
  seed: SEED,
  memberCount: 4,
  rounds: 1,
  toAgent: (member, sent) => {
    if (member === INDEX) heard.push(sent);
    return [sent];
  },
});
simulation.start();
simulation.runUntil(10_000);
// A run is offered as it begins and again to a new session; only the last offer is answered.
while (heard[1]?.message.type === "runOffered") heard.shift();

/** Phases by the last message that led there. */
const PHASES = {
  new: null,
  joined: "runOffered",
  met: "channelSecret",
  dealing: "batchOpened",
  idle: "batchDealt",
  working: "roundOpened",
  masked: "committed",
  confirmed: "included",
  revealed: "certified",
  over: "runEnded",
} as const satisfies Record<string, Type | null>;
type Phase = keyof typeof PHASES;
const ORDER = Object.keys(PHASES) as Phase[];

/** A member, and what it says and reports, by type. */
function openMember(
  later = (answer: () => void): void => answer(),
  failing: FromGate | null = null,
): {
  readonly member: Member;
  readonly deliver: (sent: Heard) => void;
  readonly said: string[];
  readonly sent: AgentMessage[];
} {
  const { room } = simulation.run;
  const { memberId, identity } = room.members[INDEX] ?? {
    memberId: "",
    identity: room.coordinator,
  };
  const rng = unsafeSeededRng(`${SEED}/${memberId}/1`);
  const said: string[] = [];
  const sent: AgentMessage[] = [];
  const gate = new VirtualGate({
    seed: SEED,
    index: INDEX,
    dimension: 4,
    ringBits: 24,
    ledger: new MemoryLedger(),
    later: (_, answer) => later(answer),
    onWork: () => undefined,
    onSeal: () => undefined,
  });
  const member = new Member({
    memberId,
    charter: room.charter,
    identity,
    coordinatorKey: toHex(room.coordinator.publicKey),
    vault: {
      pinnedKeys: () => new Map(),
      pinKey: () => undefined,
      record: () => undefined,
      ...NO_PROPOSALS,
    },
    clock: { nowMs: () => 0 },
    policy: () => NO_POLICY,
    gate: (message, answer) => (failing ? answer(failing) : gate.request(message, answer)),
    rng,
    kem: unsafeKem(rng),
    send: (message: AgentMessage) => {
      sent.push(message);
      said.push(message.type);
    },
    report: (event) => {
      if (event.type === "fault") said.push(`fault ${event.code} ${event.member}`);
      if (event.type === "ended" || event.type === "rejected") said.push(`report ${event.type}`);
    },
  });
  const deliver = ({ message, vector }: Heard): void =>
    member.deliver({ message, vector: vector ?? new Uint8Array() });
  return { member, deliver, said, sent };
}

test("a gate that cannot take a run up has it declined by its code: nobody waits for us, and no path goes out", () => {
  const message = "/secret/place/models/x.json: cut short";
  const failed = { type: "failed", code: "model.not-json", message, exitCode: 3 } as const;
  const { member, said, sent } = openMember(undefined, failed);
  const [offer] = heard;
  if (!offer) throw new Error("a run begins with an offer");
  member.deliver({ message: offer.message, vector: new Uint8Array() });
  expect(said).toEqual(["runDeclined"]);
  expect(sent).toMatchObject([{ type: "runDeclined", reasons: [{ code: "model.not-json" }] }]);
  expect(JSON.stringify(sent)).not.toContain("secret");
});

/** A member brought to a phase by all that it heard up to there. */
function memberIn(phase: Phase) {
  const { deliver, said } = openMember();
  const last = heard.findLastIndex(({ message }) => message.type === PHASES[phase]);
  for (const sent of heard.slice(0, last + 1)) deliver(sent);
  said.length = 0;
  return { deliver, said };
}

const TYPES = [
  "runOffered",
  "membersJoined",
  "channelSecret",
  "batchOpened",
  "batchDealt",
  "roundOpened",
  "committed",
  "included",
  "certified",
  "runEnded",
  "rejected",
] as const satisfies Type[];

const NO_CHANNELS = [1, 2, 3].map((i) => `fault noChannel bank-${i}`);
const isIn = (phase: Phase, from: Phase, to: Phase): boolean =>
  ORDER.indexOf(phase) >= ORDER.indexOf(from) && ORDER.indexOf(phase) <= ORDER.indexOf(to);

/** What a member makes of each message. Everywhere else: nothing. */
function expected(type: Type, phase: Phase): string[] {
  if (type === "rejected") return ["report rejected"];
  if (type === "runOffered") return ["runJoined"]; // With new keys: what it had is forgotten.
  if (!isIn(phase, "joined", "revealed")) return []; // It takes part in no run.
  switch (type) {
    case "membersJoined":
      return ["channelSecrets"];
    case "channelSecret":
      return phase === "joined" ? ["fault badCiphertext bank-3"] : [];
    case "batchOpened":
      if (phase === "joined") return [...NO_CHANNELS, "prekeys"];
      return phase === "met" ? ["prekeys"] : ["fault batchRepeated coordinator"];
    case "batchDealt":
      return phase === "dealing" ? [] : ["fault batchDealt coordinator"];
    case "roundOpened":
      if (isIn(phase, "joined", "dealing")) return ["withdrawn"];
      return phase === "idle" ? ["ready"] : []; // An attempt is opened once.
    case "committed":
      return phase === "working" ? ["masked"] : [];
    case "included":
      return phase === "masked" ? ["confirmed"] : [];
    case "certified":
      return phase === "confirmed" ? ["shares"] : [];
    case "sharesAsked":
      return []; // Nobody fell silent; `shares.test.ts` asks.
    case "runEnded":
      return ["report ended"];
    case "matching":
      return []; // This run is none.
  }
}

test("the run that is replayed went well, and holds every message but a rejection", () => {
  expect(simulation.violations).toEqual([]);
  expect(simulation.status).toBe("completed");
  expect(new Set(heard.map(({ message }) => message.type))).toEqual(
    new Set(TYPES.filter((type) => type !== "rejected")),
  );
});

test.each(
  ORDER.flatMap((phase) => TYPES.map((type) => [type, phase] as const)),
)("%s to a member that is %s", (type, phase) => {
  const { deliver, said } = memberIn(phase);
  const sound = heard.findLast(({ message }) => message.type === type);
  deliver(sound ?? { message: { type: "rejected", code: "wrongPhase" } });
  expect(said).toEqual(expected(type, phase));
});

test.each(TYPES.slice(1, -1))("%s for another run is passed over", (type) => {
  const { deliver, said } = memberIn("working");
  const sound = heard.findLast(({ message }) => message.type === type);
  if (!sound) throw new Error("heard in every run");
  deliver({ ...sound, message: { ...sound.message, runId: "f".repeat(64) } as CoordinatorMessage });
  expect(said).toEqual([]);
});

test("a batch whose attempts no 32 bits hold is refused, and does not end the agent", () => {
  const { deliver, said } = memberIn("met");
  const sound = heard.findLast(({ message }) => message.type === "batchOpened");
  if (sound?.message.type !== "batchOpened") throw new Error("heard in every run");
  const message = { ...sound.message, firstAttempt: 0xffff_ffff, count: 2 };
  deliver({ ...sound, message });
  expect(said).toEqual(["fault batchTooFar coordinator"]);
});

test.each([
  "committed",
  "included",
  "certified",
] as const)("%s for another attempt is passed over", (type) => {
  for (const phase of ["working", "masked", "confirmed"] as const) {
    const { deliver, said } = memberIn(phase);
    const sound = heard.findLast(({ message }) => message.type === type);
    if (!sound || !("attempt" in sound.message)) throw new Error("heard in every run");
    const other = { ...sound.message, attempt: sound.message.attempt + 1 } as CoordinatorMessage;
    deliver({ ...sound, message: other });
    expect(said).toEqual([]);
  }
});

test("an offer that a newer one, or a new session, has overtaken is not joined", () => {
  const answers: (() => void)[] = [];
  const { member, deliver, said } = openMember((answer) => void answers.push(answer));
  const [offer] = heard;
  if (offer?.message.type !== "runOffered") throw new Error("a run begins with an offer");
  const answerAll = (): void => {
    for (let answer = answers.shift(); answer; answer = answers.shift()) answer();
  };
  deliver(offer);
  deliver(offer);
  answerAll();
  expect(said).toEqual(["runJoined"]);
  deliver(offer);
  member.reset();
  answerAll();
  expect(said).toEqual(["runJoined"]);
});
