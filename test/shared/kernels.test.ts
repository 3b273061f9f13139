/** The checked-in WebAssembly kernels are what their sources compile to. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
  binaryPath,
  buildKernel,
  COMPILER_VERSION,
  compilerVersion,
  KERNELS,
  sourceHash,
} from "../support/build-kernel.ts";

test.each(KERNELS)("$folder/$binary names the sources it was built from", (build) => {
  expect(readFileSync(binaryPath(build), "utf8")).toContain(sourceHash(build));
});

test("the compiler is pinned in package.json", () => {
  const { devDependencies } = JSON.parse(readFileSync("package.json", "utf8"));
  expect(devDependencies.assemblyscript).toBe(COMPILER_VERSION);
});

test.for(
  KERNELS,
)("building the sources again gives $folder/$binary, byte for byte", (build, context) => {
  const version = compilerVersion();
  if (version !== COMPILER_VERSION)
    context.skip(`asc ${version ?? "not found"}: needs assemblyscript ${COMPILER_VERSION}`);
  expect(buildKernel(build)).toBe(readFileSync(binaryPath(build), "utf8"));
});
