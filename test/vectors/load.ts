/** EDGE: the vectors as the file has them, with what their tests share. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { fromHex } from "../../shared/base/bytes.ts";
import type { Rng } from "../../shared/base/env.ts";
import { macKey } from "../../shared/crypto/hash.ts";
import type { Channel } from "../../shared/secagg/channel.ts";
import { groupRules, type SumParams } from "../../shared/secagg/params.ts";

export const vectorsFile = readFileSync(new URL("secagg.json", import.meta.url), "utf8");

const File = z.strictObject({
  vectors: z.array(
    z.strictObject({
      id: z.string(),
      source: z.string().min(1),
      generator: z.string().min(1),
      inputs: z.unknown(),
      outputs: z.unknown(),
    }),
  ),
});
const vectors = new Map(File.parse(JSON.parse(vectorsFile)).vectors.map((one) => [one.id, one]));

/** Bytes, written in hexadecimal. */
export const Bytes = z.string().transform((text) => fromHex(text));
export const Text = z.string();
export const Int = z.int();

export const vectorIds: readonly string[] = [...vectors.keys()];
const usedIds = new Set<string>();

/** Which test file asks for which vectors. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  keys: ["frame", "derive", "join", "channel", "prekeys", "shamir"],
  sums: ["graph", "nonces", "batch", "attempt", "mask", "pack", "certificate", "transcript"],
  rounds: ["round"],
};

/** Vectors of a group that no test of this file has asked for; of none: those that belong to no group. */
export function unusedOf(group: "keys" | "sums" | "rounds" | "none"): string[] {
  const known = Object.values(GROUPS).flat();
  return vectorIds.filter((id) => {
    const [kind = ""] = id.split("/");
    return group === "none"
      ? !known.includes(kind)
      : GROUPS[group]?.includes(kind) && !usedIds.has(id);
  });
}

/** One vector. Every field of it must be named: none is passed over. */
export function vectorOf<Inputs extends z.core.$ZodShape, Outputs extends z.core.$ZodShape>(
  id: string,
  inputs: Inputs,
  outputs: Outputs,
) {
  const found = vectors.get(id);
  if (!found) throw new Error(`no vector ${id}`);
  usedIds.add(id);
  return {
    inputs: z.strictObject(inputs).parse(found.inputs),
    outputs: z.strictObject(outputs).parse(found.outputs),
  };
}

/** Draws the given bytes, one after the other, and no more. */
export function scriptedRng(bytes: Uint8Array): Rng {
  let at = 0;
  return {
    fill(target) {
      if (at + target.length > bytes.length) throw new Error("more was drawn than the script has");
      target.set(bytes.subarray(at, at + target.length));
      at += target.length;
    },
  };
}

/** A run of `count` members, of whom some are named and the others do not matter. */
export function sumOf(runId: string, count: number, named: ReadonlyMap<number, string>): SumParams {
  const roster = Array.from({ length: count }, (_, i) => ({
    memberId: named.get(i) ?? `member-${i}`,
    identityKey: new Uint8Array(32),
  }));
  const common = { runId, roster, coordinatorKey: new Uint8Array(32), survivorsMin: 3 };
  return { ...groupRules(count), ...common };
}

/** A channel of which only some keys matter. */
export function channelWith(given: Partial<Channel>): Channel {
  const key = macKey(new Uint8Array(32));
  return { confirming: key, checking: key, pairSecret: new Uint8Array(32), ...given };
}
