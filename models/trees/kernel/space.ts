/** Instances of the trees' WebAssembly module, each with a memory of its own. Pure: it imports nothing else. */
import { TREES_BINARY } from "./binary.ts";

/** The little of the WebAssembly interface that is used; the types of Node.js leave it out. */
declare const WebAssembly: {
  validate(bytes: Uint8Array): boolean;
  Module: new (bytes: Uint8Array) => object;
  Memory: new (pages: { initial: number }) => { readonly buffer: ArrayBuffer };
  Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

type Call = (...args: number[]) => void;

/** What `assembly/` exports. Pointers and strides are bytes; parameters are named there. */
interface Exports {
  readonly binNumbers: Call;
  readonly binCodes: Call;
  readonly addTree: Call;
}

export interface TreesKernel {
  readonly memory: ArrayBuffer;
  readonly exports: Exports;
}

const PAGE_BYTES = 65_536;
let compiled: object | null | undefined;

/** Null where the machine or its runtime lacks SIMD, or is big-endian. */
export function openTreesKernel(byteLength: number): TreesKernel | null {
  compiled ??= compile();
  if (compiled === null) return null;
  const memory = new WebAssembly.Memory({ initial: Math.ceil(byteLength / PAGE_BYTES) });
  const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
  return { memory: memory.buffer, exports: exports as Exports };
}

function compile(): object | null {
  const binary = Buffer.from(TREES_BINARY, "base64");
  const littleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
  if (typeof WebAssembly === "undefined" || !littleEndian) return null;
  return WebAssembly.validate(binary) ? new WebAssembly.Module(binary) : null;
}
