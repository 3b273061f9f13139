/** Tests of `agent/gate/match-threads.ts`: the same points as on one thread, and no job left without an answer. */
import { expect, test } from "vitest";
import { MatchThreads } from "../../../agent/gate/match-threads.ts";
import { toHex } from "../../../shared/base/bytes.ts";
import { randomBytes } from "../../../shared/base/env.ts";
import { osRng } from "../../../shared/edge/os.ts";
import { clampScalar, mapToCurve } from "../../../shared/matching/curve.ts";
import { type MatchJob, workOn } from "../../../shared/matching/work.ts";

const key = { scalar: clampScalar(randomBytes(osRng, 32)), tag: Uint8Array.of(1, 2, 3) };

const jobs = (count: number): MatchJob[] =>
  Array.from({ length: count }, (_, owner) => {
    const kind = owner % 2 === 0 ? "encode" : "mask";
    const rows = kind === "encode" ? randomBytes(osRng, 96) : mapToCurve(randomBytes(osRng, 144));
    return { owner, kind, rows };
  });

test("threads mask what one would, whichever is done first", async () => {
  const threads = new MatchThreads(key, 2);
  const asked = jobs(7);
  const expected = asked.map((job) => workOn({ ...job, rows: job.rows.slice() }, key));
  const results = await Promise.all(asked.map((job) => threads.work(job)));
  expect(results.map(({ owner }) => owner)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(results.map(({ points }) => toHex(points))).toEqual(
    expected.map(({ points }) => toHex(points)),
  );
  const bad = await threads.work({ owner: 3, kind: "mask", rows: new Uint8Array(32) });
  expect(bad.fault).toBe("badPoint");
  await threads.close();
});

test("what cannot be done, and what waits when the run ends, is refused", async () => {
  const threads = new MatchThreads(key, 1);
  const uneven = threads.work({ owner: 0, kind: "mask", rows: new Uint8Array(33) });
  await expect(uneven).rejects.toThrow("InvariantError");
  const waiting = jobs(5).map((job) => threads.work(job));
  const outcomes = Promise.allSettled(waiting);
  await threads.close();
  expect((await outcomes).some(({ status }) => status === "rejected")).toBe(true);
  await expect(threads.work(jobs(1)[0] as MatchJob)).rejects.toThrow("after the end");
});
