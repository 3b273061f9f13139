/** The protocol as text. On a change read the difference, and keep it only if every line can be explained. */
import { expect, test } from "vitest";
import { dropout, happyPath } from "./scenarios.ts";
import { faultySimulation, runSeed } from "./seeds.ts";

test("the happy path reads as it did", async () => {
  await expect(happyPath()).toMatchFileSnapshot("../transcripts/happy-path.txt");
});

test("a drop-out reads as it did", async () => {
  await expect(dropout()).toMatchFileSnapshot("../transcripts/dropout.txt");
});

test("a seed tells the same story twice, line for line", () => {
  const story = (seed: number): string[] => {
    const lines: string[] = [];
    expect(runSeed(faultySimulation(seed, (line) => void lines.push(line)))).toEqual([]);
    return lines;
  };
  for (const seed of [4, 38, 56]) {
    const first = story(seed);
    expect(first.length).toBeGreaterThan(100);
    expect(story(seed)).toEqual(first);
  }
  expect(story(4)).not.toEqual(story(5));
});
