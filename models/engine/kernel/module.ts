/**
 * Instances of the engine's WebAssembly module and their memory. Pure: the module imports nothing but its memory, and
 * what is left there by one call is read by no other.
 */
import { LITTLE_ENDIAN } from "../../../shared/base/bytes.ts";
import { compileWasm, openWasm, PAGE_BYTES } from "../../../shared/base/wasm.ts";
import { SIMD_BINARY } from "./binary.ts";
import { RELAXED_BINARY } from "./relaxed-binary.ts";

type Call = (...args: number[]) => void;

/** What `assembly/` exports. Pointers and strides are bytes; parameters are named there. */
export interface Exports {
  readonly packPanels: Call;
  readonly packTransposed: Call;
  readonly multiply: Call;
  readonly multiplyColumn: Call;
  readonly spreadColumn: Call;
  readonly scaleNumbers: Call;
  readonly addTableRows: Call;
  readonly scatterRows: Call;
  readonly addPairProducts: Call;
  readonly clipRows: (
    layers: number,
    layerCount: number,
    norms: number,
    losses: number,
    factors: number,
    rows: number,
    bound: number,
    scales: number,
  ) => number;
  readonly scaleRows: Call;
  readonly crossEntropy: Call;
  readonly focal: Call;
  readonly sigmoid: Call;
  readonly addWeightGradient: Call;
  readonly copyTiles: Call;
  readonly addWeightedRows: Call;
  readonly addColumn: Call;
  readonly addScaled: Call;
  readonly squaredLength: (source: number, count: number) => number;
}

/** `relaxed`: a product and a sum may be rounded once, where the processor can; machines may then differ. */
export type Variant = "relaxed" | "simd";

export interface Kernel {
  readonly variant: Variant;
  readonly exports: Exports;
  /** The memory, at least so long. Views of an earlier buffer are void after it grew. */
  reserve(byteLength: number): ArrayBuffer;
}

const PAGES_MAX = 65_536;
const opened = new Map<Variant, Kernel | null>();

/** The one instance of a variant; null where the machine or its runtime cannot run it. */
export function openKernel(variant: Variant): Kernel | null {
  const known = opened.get(variant);
  if (known !== undefined) return known;
  const kernel = instantiate(variant);
  opened.set(variant, kernel);
  return kernel;
}

function instantiate(variant: Variant): Kernel | null {
  const base64 = variant === "relaxed" ? RELAXED_BINARY : SIMD_BINARY;
  const module = LITTLE_ENDIAN ? compileWasm(base64) : null;
  if (module === null) return null;
  const { memory, exports } = openWasm(module, { initial: 1, maximum: PAGES_MAX });
  return {
    variant,
    exports: exports as Exports,
    reserve(byteLength) {
      const missing = byteLength - memory.buffer.byteLength;
      if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
      return memory.buffer;
    },
  };
}
