/** What the member itself, before it asks its gate, makes of a run that is offered to it. Pure. */
import { toHex } from "../shared/base/bytes.ts";
import { type Manifest, parseManifest, runIdOf } from "../shared/charter/manifest.ts";
import { refusalReasons } from "../shared/charter/policy.ts";
import type { FromGate } from "./gate/messages.ts";
import type { MemberParams } from "./member-ports.ts";

type Considered =
  | { readonly type: "acceptable"; readonly manifest: Manifest }
  | {
      readonly type: "declined";
      readonly reasons: readonly { readonly code: string; readonly message: string }[];
    };

export function considerOffer(
  { charter, identity, memberId, coordinatorKey, vault }: MemberParams,
  runId: string,
  text: string,
): Considered {
  const manifest = parseManifest(text);
  if (!manifest || runIdOf(manifest) !== runId) {
    const message = "the manifest is not valid or not the one announced";
    return { type: "declined", reasons: [{ code: "badManifest", message }] };
  }
  const pinnedKeys = vault.pinnedKeys();
  const identityKey = toHex(identity.publicKey);
  const facts = { memberId, identityKey, coordinatorKey, pinnedKeys };
  const reasons = refusalReasons(charter, manifest, facts);
  return reasons.length > 0 ? { type: "declined", reasons } : { type: "acceptable", manifest };
}

/** The gate's own words may name a path: they stay here, and what others are told is the code. */
export function gateFailed(reply: FromGate): { readonly code: string; readonly message: string } {
  const code = reply.type === "failed" ? reply.code : "gate.unexpected";
  return { code, message: `the gate cannot take up this run (${code})` };
}
