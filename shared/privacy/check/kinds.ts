/** Every kind of vector that is computed here, by its name in vector files. Pure. */
import type { Kind } from "./check.ts";
import { mechanismKinds } from "./mechanism-kinds.ts";
import { rdpKinds } from "./rdp-kinds.ts";
import { releaseKinds } from "./release-kinds.ts";

export const KINDS: ReadonlyMap<string, Kind> = new Map(
  Object.entries({ ...rdpKinds, ...mechanismKinds, ...releaseKinds }),
);
