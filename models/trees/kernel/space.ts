/** Instances of the trees' WebAssembly module, each with a memory of its own. Pure: it imports nothing else. */
import { LITTLE_ENDIAN } from "../../../shared/base/bytes.ts";
import { compileWasm, openWasm, PAGE_BYTES } from "../../../shared/base/wasm.ts";
import { TREES_BINARY } from "./binary.ts";

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

let compiled: object | null | undefined;

/** Null where the machine or its runtime lacks SIMD, or is big-endian. */
export function openTreesKernel(byteLength: number): TreesKernel | null {
  compiled ??= LITTLE_ENDIAN ? compileWasm(TREES_BINARY) : null;
  if (compiled === null) return null;
  const { memory, exports } = openWasm(compiled, { initial: Math.ceil(byteLength / PAGE_BYTES) });
  return { memory: memory.buffer, exports: exports as Exports };
}
