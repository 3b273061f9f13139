/** EDGE: the SHA-256 of a data file, a block at a time: nothing of its content comes back. */
import { createReadStream } from "node:fs";
import { toHex } from "../../shared/base/bytes.ts";
import { runningHash } from "../../shared/crypto/hash.ts";

/** Lower-case hexadecimal. The file was read before: that it can be is known. */
export async function fileDigest(path: string): Promise<string> {
  const hash = runningHash();
  for await (const block of createReadStream(path)) hash.add(block as Buffer);
  return toHex(hash.end());
}
