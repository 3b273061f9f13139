/** What a run would send, kind of ask by kind of ask: from charter and manifest alone. Pure. */
import { contextOf } from "../../models/tasks/context.ts";
import { taskFor } from "../../models/tasks/registry.ts";
import type { PlannedAsk, ReleaseShape } from "../../models/tasks/task.ts";
import { type Coding, type WireFormat, wireFormat } from "../../models/tasks/wire.ts";
import { unreachable } from "../../shared/base/assert.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import type { Manifest } from "../../shared/charter/manifest.ts";
import { quantizerScale } from "../../shared/privacy/encoding/quantize.ts";
import { packedBytes } from "../../shared/secagg/ring.ts";
import { answersMax } from "../gate/plan.ts";

export interface AskPreview extends PlannedAsk {
  /** The gate answers it so often, failed attempts included, and no more. */
  readonly answersMax: number;
  /** Numbers that are computed, and that travel: rotation pads to a power of two. */
  readonly dimension: number;
  readonly wireDimension: number;
  readonly ringBits: number;
  readonly bytesPerRound: number;
  readonly bound: Bound;
  /** Null: none. */
  readonly noise: Noise | null;
  readonly encoding: string;
}

type Bound =
  /** ℓ2 bound of one unit's part. */
  | { readonly kind: "unit"; readonly l2Norm: number }
  /** Of one member's vector: each coordinate's absolute value, and its ℓ2 norm where that is bounded. */
  | { readonly kind: "member"; readonly magnitude: number; readonly l2Norm: number | null };

interface Noise {
  /** In units of the bound. */
  readonly multiplier: number;
  /** Of each coordinate of the opened sum, at least. */
  readonly stdDev: number;
  readonly addedBy: "distributed" | "local" | "central";
  readonly samplingProbability: number;
}

export function askPreviews(charter: Charter, manifest: Manifest): AskPreview[] {
  const context = contextOf(charter, manifest);
  const task = taskFor(manifest.task);
  return task.plannedAsks(context).map((planned) => {
    const shape = task.shapeOf(context, planned.kind);
    const format = wireFormat(shape, manifest);
    const { dimension: wireDimension, ringBits } = format;
    return {
      ...planned,
      answersMax: answersMax(charter, manifest, planned.kind),
      dimension: shape.dimension,
      wireDimension,
      ringBits,
      bytesPerRound: packedBytes(wireDimension, ringBits),
      bound: boundOf(shape),
      noise: noiseOf(shape, manifest),
      encoding: encodingOf(format),
    };
  });
}

function boundOf({ release }: ReleaseShape): Bound {
  if (release.kind === "noised") return { kind: "unit", l2Norm: release.sensitivity };
  const { magnitudeMax: magnitude, l2NormMax } = release;
  return { kind: "member", magnitude, l2Norm: l2NormMax ?? null };
}

function noiseOf({ release }: ReleaseShape, { privacy }: Manifest): Noise | null {
  if (release.kind !== "noised") return null;
  const { noiseMultiplier: multiplier, sensitivity, samplingProbability } = release;
  const addedBy = privacy?.noisePlacement ?? "distributed";
  return { multiplier, stdDev: multiplier * sensitivity, addedBy, samplingProbability };
}

function encodingOf({ rotated, coding, ringBits }: WireFormat): string {
  const how = codingText(coding);
  return `${rotated ? "rotated, " : ""}${how}, modulo 2^${ringBits}`;
}

function codingText(coding: Coding): string {
  switch (coding.kind) {
    case "levels": {
      const { exact } = coding.quantizer;
      const step = Number((1 / quantizerScale(coding.quantizer).scale).toPrecision(3));
      return exact ? "whole numbers, exact" : `rounded up or down at random to steps of ${step}`;
    }
    case "grid":
      return "rounded to a grid, noise in whole steps";
    case "centralGrid":
      return "rounded to a grid, no noise until the sum is open";
    case "smooth":
      return "noise drawn around each number, in whole steps of a grid";
    default:
      return unreachable(coding);
  }
}
