/**
 * The arithmetic of secure sums on long vectors: WebAssembly where the machine has 128-bit SIMD, plain TypeScript
 * elsewhere, with equal results. Pure.
 */
import { KERNEL_BINARY } from "./binary.ts";
import type { Kernel } from "./contract.ts";
import { plainKernel } from "./plain.ts";
import { wasmKernel } from "./wasm.ts";

export const kernel: Kernel = wasmKernel(KERNEL_BINARY) ?? plainKernel;
