/**
 * Modules of WebAssembly and their memory: the little of the interface that is used, for the types of Node.js leave it out.
 * Pure: a module imports nothing but its memory.
 */

declare const WebAssembly: {
  validate(bytes: Uint8Array): boolean;
  Module: new (bytes: Uint8Array) => object;
  Memory: new (pages: WasmPages) => WasmMemory;
  Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

/** How much memory, of 64 KiB a page. `maximum` left out: as much as there is. */
interface WasmPages {
  readonly initial: number;
  readonly maximum?: number;
}

interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

export const PAGE_BYTES = 65_536;

/** @param base64 The module's bytes. @returns Null where the machine or its runtime lacks what the module needs. */
export function compileWasm(base64: string): object | null {
  const binary = Buffer.from(base64, "base64");
  if (typeof WebAssembly === "undefined" || !WebAssembly.validate(binary)) return null;
  return new WebAssembly.Module(binary);
}

/** An instance with a memory of its own. */
export function openWasm(
  module: object,
  pages: WasmPages,
): { readonly memory: WasmMemory; readonly exports: unknown } {
  const memory = new WebAssembly.Memory(pages);
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return { memory, exports };
}
