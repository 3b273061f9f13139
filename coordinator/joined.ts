/** Who has joined a run, with the channel keys that the members signed for one another. Pure. */
import { fromHex } from "../shared/base/bytes.ts";
import type { Manifest } from "../shared/charter/manifest.ts";
import { verifySignature } from "../shared/crypto/identity.ts";
import { joinStatement } from "../shared/secagg/keys.ts";

interface SignedChannelKey {
  readonly memberId: string;
  readonly channelKey: Uint8Array;
  readonly signature: Uint8Array;
}

export class JoinedMembers {
  readonly #runId: string;
  readonly #manifest: Manifest;
  readonly #members = new Map<string, SignedChannelKey>();

  constructor(runId: string, manifest: Manifest) {
    this.#runId = runId;
    this.#manifest = manifest;
  }

  /** False: not in the roster, or not signed by the member. */
  add(memberId: string, channelKey: Uint8Array, signature: Uint8Array): boolean {
    const listed = this.#manifest.roster.find((member) => member.memberId === memberId);
    const statement = joinStatement(this.#runId, memberId, channelKey);
    if (!listed || !verifySignature(fromHex(listed.identityKey), statement, signature))
      return false;
    this.#members.set(memberId, { memberId, channelKey, signature });
    return true;
  }

  remove(memberId: string): void {
    this.#members.delete(memberId);
  }

  ids(): string[] {
    return [...this.#members.keys()];
  }

  channelKeys(): SignedChannelKey[] {
    return [...this.#members.values()];
  }
}
