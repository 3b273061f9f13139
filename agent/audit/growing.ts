/** EDGE: reading the copy of the room's history that a running agent writes: half of a line is nobody's fault. */
import { statSync } from "node:fs";
import { setTimeout } from "node:timers/promises";

/** Longer than an agent takes from the first byte of what it adds to the last. */
const GROWTH_MS = 400;

/** What `read` makes of the file; anew where it throws and the file has grown meanwhile. @throws What `read` throws. */
export async function unlessGrowing<T>(path: string, read: () => T): Promise<T> {
  const sizeNow = (): number | undefined => statSync(path, { throwIfNoEntry: false })?.size;
  for (;;) {
    const size = sizeNow();
    try {
      return read();
    } catch (error) {
      await setTimeout(GROWTH_MS);
      if (sizeNow() === size) throw error;
    }
  }
}
