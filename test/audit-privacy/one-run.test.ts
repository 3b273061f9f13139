/** What canaries refute of a claim, over whole runs: nothing of the product's, and the claims of planted bugs. */
import { expect, test } from "vitest";
import { attack, guess } from "./attack.ts";
import { canaryData, canarySchema, canaryTask, tossCoins } from "./canaries.ts";
import { isFlagged, isRefuted, oneRunAudit } from "./one-run.ts";
import { plantedBugs } from "./planted.ts";
import { auditRoom, playAudited } from "./room.ts";
import { DISTRIBUTED, SETTINGS } from "./settings.ts";

const PLAN = { canaries: 2000, rounds: 10, samplingProbability: 0.5 };

test.each(
  SETTINGS.map((setting) => [`${setting.name}, ε ${setting.epsilon}`, setting] as const),
)("no claim of the product is refuted: %s", (_, setting) => {
  expect(isFlagged(oneRunAudit(setting, PLAN, "test"))).toBe(false);
});

test("canaries are seen at all: at ε = 3 some of the claim is confirmed", () => {
  const { epsilon, gaussian, seen } = oneRunAudit({ ...DISTRIBUTED, epsilon: 3 }, PLAN, "test");
  expect(seen.correct / seen.guesses).toBeGreaterThan(0.65);
  expect(epsilon).toBeGreaterThan(0.3);
  expect(gaussian).toBeGreaterThan(epsilon);
});

const BY_CANARIES = [
  "noise for the mean, not the sum",
  "same noise every round",
  "clipping missing",
  "rows clipped instead of units",
  "every unit in every round",
];

test.each(
  plantedBugs(DISTRIBUTED.members).filter(({ name }) => BY_CANARIES.includes(name)),
)("canaries alone refute the claim: $name", (bug) =>
  expect(isRefuted(oneRunAudit(DISTRIBUTED, PLAN, "test", bug))).toBe(true));

test.each(
  plantedBugs(DISTRIBUTED.members).filter(({ stepsOf, name }) => {
    return stepsOf(0).encode && !BY_CANARIES.includes(name);
  }),
)("the canaries that were left out show the noise: $name", (bug) =>
  expect(isFlagged(oneRunAudit(DISTRIBUTED, PLAN, "test", bug))).toBe(true));

test("the gate that bugs are planted in sends, without one, what the real gate sends", () => {
  const included = tossCoins(50, "test");
  const room = auditRoom(
    DISTRIBUTED,
    canarySchema(50),
    canaryTask(DISTRIBUTED, { rounds: 3, samplingProbability: 0.5 }),
    25,
    "test",
  );
  const sent = (isReal: boolean): Map<string, Uint32Array> => {
    const vectors = new Map<string, Uint32Array>();
    playAudited(room, {
      dataOf: (index) => canaryData(included, index, room.setting.members),
      ...(!isReal && { stepsOf: () => ({}) }),
      onVector: (index, attempt, ring) => vectors.set(`${index}/${attempt}`, ring),
      onState: () => undefined,
    });
    return vectors;
  };
  const real = sent(true);
  expect(real.size).toBe(3 + 3 + 3 + 1);
  expect(sent(false)).toEqual(real);
});

test("guesses: the highest are taken for in, the lowest for out", () => {
  const included = Uint8Array.from({ length: 100 }, (_, i) => (i < 50 ? 1 : 0));
  const telling = Float64Array.from(included);
  expect(guess(telling, included)).toEqual({ canaries: 100, guesses: 10, correct: 10 });
  expect(
    guess(
      telling.map((x) => -x),
      included,
    ).correct,
  ).toBe(0);
});

test("nothing is refuted by scores that tell nothing, much by scores that tell all", () => {
  const included = tossCoins(1000, "test");
  const blind = Float64Array.from(tossCoins(1000, "other"));
  expect(attack([blind, blind], included, 1e-5)).toMatchObject({ epsilon: 0, gaussian: 0 });
  const telling = Float64Array.from(included);
  expect(attack([telling, telling], included, 1e-5).gaussian).toBeGreaterThan(3);
  // Each round by itself is nothing but noise; their difference is who was in.
  const shared = Float64Array.from({ length: 1000 }, (_, i) => 1e3 * Math.sin(i * i));
  const moved = shared.map((x, i) => x + (included[i] ?? 0));
  expect(attack([shared, moved], included, 1e-5).gaussian).toBeGreaterThan(3);
});
