/**
 * What the coordinator and the members see of a matching tells nothing but the counts: no identifier or hash of one, no
 * set's size, no link from one run to the next; and a simulator that is given the counts makes the same transcript.
 */
import { expect, test } from "vitest";
import { toHex, utf8 } from "../../../shared/base/bytes.ts";
import type { Rng } from "../../../shared/base/env.ts";
import { reproducibleRng } from "../../../shared/base/reproducible.ts";
import { framedHash, sha256 } from "../../../shared/crypto/hash.ts";
import { LABELS } from "../../../shared/crypto/labels.ts";
import { encodeToCurve, multiplyInPlace } from "../../../shared/matching/curve.ts";
import type { MemberMatchMessage } from "../../../shared/matching/messages.ts";
import { isLastHolder, pointTag, VALUE_BYTES } from "../../../shared/matching/params.ts";
import { MatchPlay, type MatchRoom, matchRoom } from "../../support/matching.ts";
import { chiSquareScore, ONCE_IN_A_MILLION } from "../privacy/statistics.ts";

const SIZE = 4;
const RUNS = 80;
const IDS = ["anna", "ben", "cleo", "dora"];
/** The first two members have the same customers, the third has none. */
const SETS = [IDS, IDS, []];

/** Of the relay's messages: fully masked values by owner, in the order in which they came. */
function valuesOf(room: MatchRoom, heard: readonly Heard[]): string[][] {
  const values: string[][] = room.params.roster.map(() => []);
  for (const { from, message } of heard) {
    if (message.type !== "matchChunk" || !isLastHolder(room.params, message.owner, from)) continue;
    for (let at = 0; at < message.bytes.length; at += VALUE_BYTES)
      values[message.owner]?.push(toHex(message.bytes.subarray(at, at + VALUE_BYTES)));
  }
  return values;
}

type Heard = MatchPlay["relayHeard"][number];

interface Run {
  readonly heard: readonly Heard[];
  readonly values: string[][];
  /** Where each identifier's value is in the first member's set: known to whoever has all three keys. */
  readonly places: readonly number[];
}

function playRun(room: MatchRoom, sets: readonly string[][], rng: Rng): Run {
  const play = new MatchPlay(room, sets, {}, rng);
  const scalars = play.members.map(({ key }) => key.scalar.slice());
  play.begin().run();
  expect(play.reason).toBeNull();
  const values = valuesOf(room, play.relayHeard);
  const places = IDS.map((id) => {
    const point = encodeToCurve(framedHash(LABELS.matchIdentifier, id), 32, pointTag(room.params));
    for (const scalar of scalars) multiplyInPlace(point, scalar);
    return values[0]?.indexOf(toHex(point.subarray(0, VALUE_BYTES))) ?? -1;
  });
  return { heard: play.relayHeard, values, places };
}

/** Chi-square score of pairs of places against independent, uniform ones. */
function pairScore(pairs: readonly (readonly [number, number])[]): number {
  const counts = new Array<number>(SIZE * SIZE).fill(0);
  for (const [a, b] of pairs) counts[a * SIZE + b] = (counts[a * SIZE + b] ?? 0) + 1;
  return chiSquareScore(
    counts,
    counts.map(() => 1 / counts.length),
  );
}

/** What three statistics say about runs on the same sets: all are near 0 where nothing can be linked. */
function scoresOf(runs: readonly Run[]): number[] {
  const byIdentifier = runs.flatMap(({ places }) => places.map((at, id) => [id, at] as const));
  const acrossSets = runs.flatMap(({ values: [a = [], b = []] }) =>
    a.map((value, at) => [at, b.indexOf(value)] as const),
  );
  const acrossRuns = runs
    .slice(1)
    .flatMap(({ places }, r) => places.map((at, id) => [runs[r]?.places[id] ?? -1, at] as const));
  return [byIdentifier, acrossSets, acrossRuns].map(pairScore);
}

const room = matchRoom(3, SIZE);
const runsWith = (rng: Rng): Run[] => Array.from({ length: RUNS }, () => playRun(room, SETS, rng));
const rng = reproducibleRng("matching runs");
const runs = runsWith(rng);

test("where a value stands tells neither whose it is nor where it stood in another set or run", () => {
  for (const score of scoresOf(runs)) expect(score).toBeLessThan(ONCE_IN_A_MILLION);
});

test("the same statistics see it at once if nobody shuffles", () => {
  const unshuffled: Rng = {
    fill: (target) => (target.length > 1024 ? target.fill(0) : rng.fill(target)),
  };
  const scores = scoresOf(runsWith(unshuffled));
  for (const score of scores) expect(score).toBeGreaterThan(10);
});

test("two runs on the same sets have no value in common, and values are uniform", () => {
  const seen = new Set(runs.flatMap(({ values }) => [...new Set(values.flat())]));
  // Four that two share, and four dummies.
  expect(seen.size).toBe(RUNS * 8);
  const counts = new Array<number>(256).fill(0);
  for (const value of seen)
    for (let at = 0; at < value.length; at += 2) {
      const byte = Number.parseInt(value.slice(at, at + 2), 16);
      counts[byte] = (counts[byte] ?? 0) + 1;
    }
  const score = chiSquareScore(
    counts,
    counts.map(() => 1 / 256),
  );
  expect(score).toBeLessThan(ONCE_IN_A_MILLION);
});

/** Types, owners, sizes, in order: all that a message is but its random bytes. */
const shapeOf = (heard: readonly Heard[]): string[] =>
  heard.map(({ from, message }) => `${from} ${describe(message)}`);

function describe(message: MemberMatchMessage): string {
  const told = Object.entries(message).map(([name, value]) => {
    if (value instanceof Uint8Array) return `${name}: ${value.length} bytes`;
    return `${name}: ${name === "masked" ? "uniform" : value}`;
  });
  return told.join(", ");
}

test("what is sent, how long it is and in which order does not depend on the sets", () => {
  const shape = shapeOf(runs[0]?.heard ?? []);
  expect(shape.length).toBeGreaterThan(15);
  for (const sets of [
    [[], [], []],
    [IDS, [], []],
    [["x"], ["y"], ["z"]],
  ])
    expect(shapeOf(playRun(room, sets, rng).heard)).toEqual(shape);
});

/** Values as the coordinator would see them, from how many are in which combination of sets alone. */
function simulate(cells: ReadonlyMap<string, number>, source: Rng): string[][] {
  const values: string[][] = [[], [], []];
  for (const [owners, count] of cells)
    for (let i = 0; i < count; i++) {
      const bytes = new Uint8Array(VALUE_BYTES);
      source.fill(bytes);
      for (const owner of owners.split(",")) values[Number(owner)]?.push(toHex(bytes));
    }
  return values.map((set) => {
    const keys = set.map((value) => {
      const bytes = new Uint8Array(8);
      source.fill(bytes);
      return [toHex(bytes), value] as const;
    });
    return keys.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
  });
}

test("a simulator that knows the counts makes the same transcript: shapes, and the pattern of equal values", () => {
  const cells = new Map([
    ["0,1", 4],
    ["2", 4],
  ]);
  /** Where the values of the first set stand in the second: all that a transcript of random values can differ in. */
  const pattern = (values: readonly string[][]): string =>
    (values[0] ?? []).map((value) => values[1]?.indexOf(value)).join("");
  const count = (all: readonly string[]): Map<string, number> => {
    const counts = new Map<string, number>();
    for (const one of all) counts.set(one, (counts.get(one) ?? 0) + 1);
    return counts;
  };
  const real = count(runs.map(({ values }) => pattern(values)));
  const simulated = count(Array.from({ length: RUNS }, () => pattern(simulate(cells, rng))));
  const patterns = [...new Set([...real.keys(), ...simulated.keys()])].sort();
  expect(patterns.every((one) => [...one].sort().join("") === "0123")).toBe(true);
  // Two samples of one law: Σ (a − b)²/(a + b) has one degree of freedom a pattern, less one.
  const statistic = patterns.reduce((sum, one) => {
    const [a, b] = [real.get(one) ?? 0, simulated.get(one) ?? 0];
    return sum + (a - b) ** 2 / (a + b);
  }, 0);
  const freedom = patterns.length - 1;
  expect(freedom).toBeGreaterThan(15);
  expect(statistic).toBeLessThan(freedom + ONCE_IN_A_MILLION * Math.sqrt(2 * freedom));
  for (const [owner, set] of simulate(cells, rng).entries())
    expect(set.length).toBe(runs[0]?.values[owner]?.length);
});

test("no identifier, hash of one, or point before all have masked it is in any frame, nor how many there are", () => {
  const play = new MatchPlay(room, SETS, {}, rng);
  const scalars = play.members.map(({ key }) => key.scalar.slice());
  play.begin().run();
  const tag = pointTag(room.params);
  const telling = IDS.flatMap((id) => {
    const standIn = framedHash(LABELS.matchIdentifier, id);
    const point = encodeToCurve(standIn, 32, tag);
    const partly = scalars.flatMap((first, a) => {
      const one = point.slice();
      multiplyInPlace(one, first);
      const two = one.slice();
      multiplyInPlace(two, scalars[(a + 1) % 3] ?? first);
      return [one, two];
    });
    return [utf8(id), sha256(utf8(id)), standIn, point, ...partly];
  });
  const frames = play.relayHeard.flatMap(({ message }) =>
    Object.values(message).filter((value) => value instanceof Uint8Array),
  );
  const text = frames.map(toHex).join(" ");
  expect(text.length).toBeGreaterThan(1000);
  for (const bytes of telling) expect(text).not.toContain(toHex(bytes.subarray(0, 8)));
  // The very values that the coordinator is to see would be found.
  const [value = "absent"] = valuesOf(room, play.relayHeard)[0] ?? [];
  expect(text).toContain(value);
  const masked = runs.flatMap(({ heard }) =>
    heard.flatMap(({ message }) => (message.type === "matchCount" ? [message.masked] : [])),
  );
  expect(masked.length).toBe(3 * RUNS);
  expect(masked.filter((count) => count <= SIZE)).toEqual([]);
  expect(new Set(masked).size).toBe(3 * RUNS);
});
