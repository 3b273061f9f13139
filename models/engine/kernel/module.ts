/**
 * Instances of the engine's WebAssembly module and their memory. Pure: the module imports nothing but its memory, and
 * what is left there by one call is read by no other.
 */
import { SIMD_BINARY } from "./binary.ts";
import { RELAXED_BINARY } from "./relaxed-binary.ts";

/** The little of the WebAssembly interface that is used; the types of Node.js leave it out. */
interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}
declare const WebAssembly: {
  validate(bytes: Uint8Array): boolean;
  Module: new (bytes: Uint8Array) => object;
  Memory: new (pages: { initial: number; maximum: number }) => Memory;
  Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

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

const PAGE_BYTES = 65_536;
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
  const binary = Buffer.from(variant === "relaxed" ? RELAXED_BINARY : SIMD_BINARY, "base64");
  const littleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
  if (typeof WebAssembly === "undefined" || !littleEndian) return null;
  if (!WebAssembly.validate(binary)) return null;
  const memory = new WebAssembly.Memory({ initial: 1, maximum: PAGES_MAX });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(binary), { env: { memory } });
  return {
    variant,
    exports: instance.exports as Exports,
    reserve(byteLength) {
      const missing = byteLength - memory.buffer.byteLength;
      if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
      return memory.buffer;
    },
  };
}
