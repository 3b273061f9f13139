/** Sketches of invented sets, noised, many times over: what estimates are held against. */
import { type Gram, gramOf } from "../../../models/overlap/gram.ts";
import { addToSketchInPlace } from "../../../models/overlap/sketch.ts";
import type { Rng } from "../../../shared/base/env.ts";
import type { UniformSource } from "../../../shared/base/uniform.ts";
import { discreteGaussianInto } from "../../../shared/privacy/noise/gaussian.ts";

/** How many identifiers are in exactly the members that a text's ones say: { "101": 7 }: 7 in the first and third. */
export type Regions = Readonly<Record<string, number>>;

export interface Invented {
  readonly regions: Regions;
  readonly memberCount: number;
  readonly slots: number;
  readonly noiseStdDev: number;
}

/** The true t_ij; on the diagonal sizes. */
export function trueOverlap({ regions }: Invented, i: number, j: number): number {
  return sumOver(regions, (members) => members[i] === "1" && members[j] === "1");
}

export function trueUnion({ regions }: Invented): number {
  return sumOver(regions, (members) => members.includes("1"));
}

function sumOver(regions: Regions, holds: (members: string) => boolean): number {
  return Object.entries(regions).reduce((sum, [at, count]) => sum + (holds(at) ? count : 0), 0);
}

/** One release of all members' sketches, under fresh hashes and noise. */
export function inventedGram(invented: Invented, rng: Rng, source: UniformSource): Gram {
  const { regions, memberCount, slots, noiseStdDev } = invented;
  const sketches = new Float64Array(memberCount * slots);
  for (const [members, count] of Object.entries(regions)) {
    const hashes = new Uint8Array(8 * count);
    rng.fill(hashes);
    for (let k = 0; k < memberCount; k++) {
      if (members[k] !== "1") continue;
      const section = sketches.subarray(k * slots, (k + 1) * slots);
      for (let x = 0; x < count; x++) addToSketchInPlace(section, hashes, 8 * x);
    }
  }
  const noise = new Int32Array(sketches.length);
  discreteGaussianInto(noise, noiseStdDev, source);
  for (let s = 0; s < noise.length; s++) sketches[s] = (sketches[s] ?? 0) + (noise[s] ?? 0);
  return gramOf(sketches, memberCount, noiseStdDev);
}
