/** EDGE: the member's own way to the coordinator's HTTP interface: each request signed with its identity. */
import { signRequest } from "../shared/audit/request.ts";
import { fromHex } from "../shared/base/bytes.ts";
import { identityFromSecret } from "../shared/crypto/identity.ts";
import { HttpClient } from "../shared/edge/http-client.ts";
import { osClock, osRng } from "../shared/edge/os.ts";
import { trustAuthority } from "../shared/edge/trust.ts";
import { type Address, checkAddress } from "./link.ts";
import type { Vault } from "./vault.ts";

/** @throws {CloisterError} If the coordinator's address is not one to use. */
export function memberHttp(
  vault: Vault,
  address: Omit<Address, "url">,
  identity = identityFromSecret(vault.identitySecret(osRng)),
): HttpClient {
  const { memberId, room, coordinatorUrl, coordinatorKey: key } = vault.enrolment();
  checkAddress({ ...address, url: coordinatorUrl });
  if (address.caPath !== undefined) trustAuthority(address.caPath);
  const coordinatorKey = fromHex(key);
  return new HttpClient({
    base: new URL(coordinatorUrl.replace(/^ws/, "http")).origin,
    authorize: (method, path) =>
      signRequest(identity, { method, path, coordinatorKey }, { room, memberId }, osClock.nowMs()),
    remedy: "is it running, and its certificate one that this machine knows (--ca)?",
  });
}
