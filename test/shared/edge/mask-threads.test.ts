/** Sums of masks from other threads are those of this thread, and a thread that ends is an error, not a silence. */
import { afterEach, expect, test } from "vitest";
import { RING_BITS } from "../../../shared/base/ring-bits.ts";
import { MaskThreads } from "../../../shared/edge/mask-threads.ts";
import { applyMasksInPlace, type Mask } from "../../../shared/secagg/masks.ts";

const opened: MaskThreads[] = [];
function maskThreads(threadsMax?: number): MaskThreads {
  const threads = new MaskThreads(threadsMax);
  opened.push(threads);
  return threads;
}
afterEach(async () => {
  for (const threads of opened.splice(0)) await threads.close();
});

/** As views of one large buffer: only a key's own bytes may travel. */
function masksOf(count: number): Mask[] {
  const bytes = Uint8Array.from({ length: 32 * count }, (_, i) => i * 7);
  return Array.from({ length: count }, (_, i) => {
    return { key: bytes.subarray(32 * i, 32 * (i + 1)), sign: i % 3 === 0 ? -1 : 1 };
  });
}

function expected(masks: readonly Mask[], dimension: number, bits: (typeof RING_BITS)[number]) {
  const sum = new Uint32Array(dimension);
  applyMasksInPlace(sum, masks, bits);
  return sum;
}

function same(one: Uint32Array, other: Uint32Array): boolean {
  return one.length === other.length && one.every((value, i) => value === other[i]);
}

test.each(RING_BITS)("%i bits: short and long sums, in one part and in three", async (bits) => {
  const masks = masksOf(50);
  for (const threads of [maskThreads(1), maskThreads(3)]) {
    for (const dimension of [0, 1, 1000, 20_001, 200_003]) {
      const sum = await threads.expandMasks(masks, dimension, bits);
      expect(same(sum, expected(masks, dimension, bits)), `${dimension}`).toBe(true);
    }
  }
});

test("keys stay with their owner as they were, and many sums may be asked for at once", async () => {
  const masks = masksOf(40);
  const keys = masks.map(({ key }) => key.slice());
  const threads = maskThreads(2);
  const dimensions = [150_000, 30_000, 110_000, 60_000, 10];
  const sums = await Promise.all(dimensions.map((d) => threads.expandMasks(masks, d, 20)));
  sums.forEach((sum, i) => {
    expect(same(sum, expected(masks, dimensions[i] ?? 0, 20))).toBe(true);
  });
  expect(masks.map(({ key }) => key)).toEqual(keys);
});

test("a long sum leaves this thread free, a short one is there at once", async () => {
  const threads = maskThreads(1);
  const order: string[] = [];
  const wait = new Promise<void>((resolve) => {
    setImmediate(() => {
      order.push("event loop");
      resolve();
    });
  });
  const short = threads.expandMasks(masksOf(9), 1000, 24).then(() => order.push("short"));
  const long = threads.expandMasks(masksOf(20), 100_000, 24).then(() => order.push("long"));
  await Promise.all([wait, short, long]);
  expect(order).toEqual(["short", "event loop", "long"]);
});

test("work under way when the threads are closed fails; what is asked for later starts anew", async () => {
  const threads = maskThreads(2);
  const masks = masksOf(30);
  const under = threads.expandMasks(masks, 400_000, 32);
  const outcome = expect(under).rejects.toMatchObject({ code: "masks.thread-failed" });
  await threads.close();
  await outcome;
  const sum = await threads.expandMasks(masks, 100_000, 32);
  expect(same(sum, expected(masks, 100_000, 32))).toBe(true);
});

test("a key of another length is refused before anything starts", async () => {
  const key = new Uint8Array(31);
  const sum = maskThreads(1).expandMasks([{ key, sign: 1 }], 2_000_000, 32);
  await expect(sum).rejects.toThrow("32 bytes");
});
