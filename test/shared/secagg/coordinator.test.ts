/** The coordinator's half: every message in every phase, and exact sums whoever drops out where. */
import { inspect } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import { reproducibleRng } from "../../../shared/base/reproducible.ts";
import { type RingBits, ringMask } from "../../../shared/base/ring-bits.ts";
import { UniformSource } from "../../../shared/base/uniform.ts";
import type { AttemptEvent, CoordinatorState } from "../../../shared/secagg/attempt.ts";
import { step } from "../../../shared/secagg/coordinator.ts";
import { integerSum } from "../../simulation/vectors.ts";
import { type DropPoint, playAttempt, type Stage } from "../../support/attempt.ts";
import { at, buildRoom, memorySpool } from "../../support/secagg.ts";

function randomVectors(count: number, dimension: number, bits: RingBits, seed: string) {
  const source = new UniformSource(reproducibleRng(seed));
  return Array.from({ length: count }, () =>
    Uint32Array.from({ length: dimension }, () => (source.uint32() & ringMask(bits)) >>> 0),
  );
}

const weighted: DropPoint[] = ["beforeReady", "beforeMasked", "beforeConfirmed", "beforeShares"];
const dropPoint = fc.constantFrom<DropPoint>(...Array<DropPoint>(12).fill("never"), ...weighted);

test("the opened sum is the integer sum of the survivors' vectors, exactly, or nothing is opened", () => {
  let released = 0;
  const property = fc.property(
    fc
      .integer({ min: 3, max: 8 })
      .chain((n) => fc.array(dropPoint, { minLength: n, maxLength: n })),
    fc.constantFrom<RingBits>(16, 18, 20, 24, 32),
    fc.integer({ min: 1, max: 60 }),
    fc.integer(),
    (drops, bits, dimension, seed) => {
      const n = drops.length;
      const room = buildRoom(n, dimension, bits, reproducibleRng(`room-${seed}`));
      const vectors = randomVectors(n, dimension, bits, `vectors-${seed}`);
      const { outcome } = playAttempt(room, vectors, drops);
      const { survivorsMin, threshold, confirmationsMin } = room.params.sum;
      const masked = drops.flatMap((drop, i) =>
        drop === "beforeReady" || drop === "beforeMasked" ? [] : [i],
      );
      const confirming = drops.filter((drop) => drop === "never" || drop === "beforeShares").length;
      const revealing = drops.filter((drop) => drop === "never").length;
      const enough =
        masked.length >= survivorsMin && confirming >= confirmationsMin && revealing >= threshold;
      expect(outcome?.type).toBe(enough ? "released" : "aborted");
      if (outcome?.type !== "released") return;
      released += 1;
      expect([...outcome.survivors.keys()].sort((a, b) => a - b)).toEqual(masked);
      expect(outcome.sum).toEqual(
        integerSum(
          masked.map((i) => at(vectors, i)),
          bits,
        ),
      );
    },
  );
  fc.assert(property, { numRuns: 60, seed: 1 });
  expect(released).toBeGreaterThan(20);
});

test("a member that never joined is in no cohort, and its absence costs nobody anything", () => {
  const room = buildRoom(5, 7, 24, reproducibleRng("absent"), [2]);
  const vectors = randomVectors(4, 7, 24, "absent");
  const { outcome } = playAttempt(room, vectors, []);
  if (outcome?.type !== "released") throw new Error("expected a release");
  expect([...outcome.survivors.keys()]).toEqual([0, 1, 3, 4]);
  expect(outcome.sum).toEqual(integerSum(vectors, 24));
});

test("survivors that were certified before are opened again, all of them and nobody else, or nothing is", () => {
  const vectors = randomVectors(5, 7, 24, "certified");
  const play = (certified: readonly number[] | null, drops: readonly DropPoint[]) => {
    const five = buildRoom(5, 7, 24, reproducibleRng("certified")); // Prekeys are used once.
    return playAttempt({ ...five, params: { ...five.params, certified } }, vectors, drops);
  };
  const { outcome } = play([0, 1, 3, 4], []);
  if (outcome?.type !== "released") throw new Error("expected a release");
  expect(outcome.cohort).toEqual([0, 1, 3, 4]);
  expect([...outcome.survivors.keys()]).toEqual([0, 1, 3, 4]);
  for (const drop of ["beforeReady", "beforeMasked"] as const) {
    const drops = vectors.map((_, i): DropPoint => (i === 3 ? drop : "never"));
    const missing = { type: "aborted", reason: "survivorMissing" };
    const { outcome: ended, stages } = play([0, 1, 2, 3, 4], drops);
    expect(ended).toEqual(missing);
    // Nobody is asked for a vector, which its ledger would be debited for, in vain.
    const asked = stages.some(({ state }) => state.phase === "collectMasked");
    expect(asked).toBe(drop === "beforeMasked");
    expect(play(null, drops).outcome?.type).toBe("released"); // Four are enough otherwise.
  }
});

const room = buildRoom(4, 5, 24, reproducibleRng("phases"));
const { stages } = playAttempt(room, randomVectors(4, 5, 24, "phases"), []);
type Phase = CoordinatorState["phase"];
type Said = Exclude<AttemptEvent["type"], "tick" | "absent" | "present" | "withdrawn" | "expanded">;
const byPhase = new Map<Phase, Stage>(stages.map((stage) => [stage.state.phase, stage]));
const stageOf = (phase: Phase): Stage => {
  const stage = byPhase.get(phase);
  if (stage) return stage;
  return { state: { phase: "ended" }, events: [] };
};

/** A sound message of each kind, from its own phase. */
const messages = new Map<Said, AttemptEvent>(
  stages
    .flatMap(({ events }) => events.map((event) => [event.type as Said, event] as const))
    .reverse(),
);
const PHASES: Phase[] = [
  "collectReady",
  "collectMasked",
  "collectConfirmations",
  "collectShares",
  "unmask",
  "ended",
];
const SAID: Said[] = ["ready", "masked", "maskedPart", "confirmed", "shares"];
const HOME: Readonly<Record<Said, Phase>> = {
  ready: "collectReady",
  masked: "collectMasked",
  maskedPart: "collectMasked",
  confirmed: "collectConfirmations",
  shares: "collectShares",
};

/** One step, and that it left its input as it was. */
function stepOnce(state: CoordinatorState, event: AttemptEvent, atMs = 1) {
  const before = textOf(state);
  const next = step(room.params, memorySpool(), state, event, atMs);
  expect(textOf(state)).toBe(before);
  return next;
}

/** All that a state holds, its buffers included. */
function textOf(state: CoordinatorState): string {
  return inspect(state, { depth: 8, maxArrayLength: null });
}

test("all phases are reached, and there is a sound message of every kind", () => {
  expect([...byPhase.keys()]).toEqual(PHASES.slice(0, 5));
  expect([...messages.keys()].sort()).toEqual([
    "confirmed",
    "expanded",
    "masked",
    "maskedPart",
    "ready",
    "shares",
  ]);
});

test.each(
  PHASES.flatMap((phase) => SAID.map((said) => [said, phase] as const)),
)("%s in phase %s", (said, phase) => {
  const { state } = stageOf(phase);
  const event = messages.get(said);
  if (!event) throw new Error("no such message");
  const next = stepOnce(state, event);
  if (phase === "ended" || phase === "unmask") return expect(next).toEqual({ state, effects: [] }); // Over: nothing is listened to.
  const codes = next.effects.flatMap((effect) => (effect.type === "reject" ? [effect.code] : []));
  if (HOME[said] !== phase || said === "maskedPart") {
    expect(codes).toEqual(["wrongPhase"]); // A part without an announcement as well.
    return expect(next.state).toBe(state);
  }
  expect(codes).toEqual([]);
  return expect(next.state).not.toBe(state);
});

test("shares that are not due are malformed: of survivors unasked, of others when asked, or for the second time", () => {
  const silent = buildRoom(4, 5, 24, reproducibleRng("silent"));
  const play = playAttempt(silent, randomVectors(4, 5, 24, "silent"), [
    ...(["beforeShares", "never", "never", "never"] as const),
  ]);
  expect(play.outcome?.type).toBe("released");
  const [first, second] = play.stages.filter(({ state }) => state.phase === "collectShares");
  const [told] = first?.events ?? [];
  const [more] = second?.events ?? [];
  if (!first || !second || told?.type !== "shares" || more?.type !== "shares")
    throw new Error("shares are told twice");
  const codeOf = (state: CoordinatorState, event: AttemptEvent) =>
    step(silent.params, memorySpool(), state, event, 1).effects.map((effect) =>
      effect.type === "reject" ? effect.code : effect.type,
    );
  const { of, shares } = more;
  expect(of).toEqual([0]);
  expect(codeOf(first.state, told)).toEqual([]);
  expect(codeOf(first.state, more)).toEqual(["wrongPhase"]);
  expect(codeOf(first.state, { ...told, of, shares })).toEqual(["malformed"]);
  expect(codeOf(second.state, told)).toEqual(["duplicate"]);
  expect(codeOf(second.state, { ...more, of: [3] })).toEqual(["malformed"]);
  expect(codeOf(second.state, { ...more, from: 0 })).toEqual(["wrongPhase"]); // It is not asked.
  const { state } = step(silent.params, memorySpool(), second.state, more, 1);
  expect(codeOf(state, more)).toEqual(["duplicate"]);
});

test.each(PHASES)("in phase %s a stranger is not heard", (phase) => {
  const { state } = stageOf(phase);
  const next = stepOnce(state, { type: "withdrawn", from: 17 });
  const over = phase === "ended" || phase === "unmask";
  expect(next.effects).toEqual(over ? [] : [{ type: "reject", to: 17, code: "notInRoster" }]);
  expect(next.state).toBe(state);
});

test.each(PHASES)("in phase %s a tick before the deadline changes nothing", (phase) => {
  const { state } = stageOf(phase);
  expect(stepOnce(state, { type: "tick" })).toEqual({ state, effects: [] });
});

test.each([
  ["collectReady", "tooFewReady"],
  ["collectMasked", "tooFewSurvivors"],
  ["collectConfirmations", "tooFewConfirmations"],
  ["collectShares", "tooFewShares"],
] as const)("in phase %s nobody answers: aborted with %s", (phase, reason) => {
  const next = stepOnce(stageOf(phase).state, { type: "tick" }, 1_000_000);
  expect(next).toEqual({ state: { phase: "ended" }, effects: [{ type: "aborted", reason }] });
});

test.each(
  PHASES.slice(0, 4),
)("in phase %s members come and go, and the attempt goes on", (phase) => {
  const { state } = stageOf(phase);
  const gone = stepOnce(state, { type: "absent", from: 1 });
  expect(gone.effects).toEqual([]);
  expect(gone.state).toMatchObject({ phase, absentSinceMs: new Map([[1, 1]]) });
  const back = stepOnce(gone.state, { type: "present", from: 1 });
  expect(back.state).toMatchObject({ phase, absentSinceMs: new Map() });
});

test.each(
  PHASES.slice(0, 4),
)("in phase %s nobody waits any more for who withdrew, though it comes back", (phase) => {
  const { state } = stageOf(phase);
  const none = new Map([[1, Number.NEGATIVE_INFINITY]]);
  const withdrawn = stepOnce(state, { type: "withdrawn", from: 1 }).state;
  expect(withdrawn).toMatchObject({ phase, absentSinceMs: none });
  for (const type of ["present", "absent"] as const) {
    const then = stepOnce(withdrawn, { type, from: 1 }, 2).state;
    expect(then).toMatchObject({ phase, absentSinceMs: none });
  }
});
