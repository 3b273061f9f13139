/** EDGE: whether the key that a running agent was started with is its member's still: a person rotates it in another process. */
import { setTimeout } from "node:timers/promises";
import { toHex } from "../shared/base/bytes.ts";
import { type Identity, identityFromSecret } from "../shared/crypto/identity.ts";
import { osRng } from "../shared/edge/os.ts";
import type { Vault } from "./vault.ts";

/** How long a rotation may take from the coordinator's word to the vault. */
const ADOPTION_MS = 1000;

export class OwnKey {
  readonly #vault: Vault;
  readonly #key: string;
  readonly #rotated = Promise.withResolvers<"rotated">();

  constructor(vault: Vault, { publicKey }: Pick<Identity, "publicKey">) {
    this.#vault = vault;
    this.#key = toHex(publicKey);
  }

  /** Resolves once a look has shown another key. */
  get rotated(): Promise<"rotated"> {
    return this.#rotated.promise;
  }

  look(): void {
    if (this.#isOther()) this.#rotated.resolve("rotated");
  }

  /** A coordinator that refuses the old key may have heard of the new one a moment before the vault has it. */
  async orRotated(error: unknown): Promise<"rotated"> {
    if (this.#vault.keys.hasNext) await setTimeout(ADOPTION_MS);
    if (this.#isOther() || this.#vault.keys.hasNext) return "rotated";
    throw error;
  }

  #isOther(): boolean {
    const { publicKey } = identityFromSecret(this.#vault.identitySecret(osRng));
    return toHex(publicKey) !== this.#key;
  }
}
