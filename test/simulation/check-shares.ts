/**
 * Nobody gives out both kinds of share for one member and attempt, nor shares under two sets of survivors,
 * nor for a sum over too few; a member's own seed is as its self shares are. Kinds are told by the dealers' own tags,
 * whatever the message says.
 */
import { fromBitmap } from "../../shared/base/member-set.ts";
import type { AgentMessage, CoordinatorMessage } from "../../shared/protocol/messages.ts";
import type { Checker, Watched } from "./checkers.ts";
import { KnownBatches } from "./known-batches.ts";

const ONCE_AN_ATTEMPT = ["confirmed", "shares"];

export function checkShares({ sum, liars }: Watched): Checker {
  const batches = new KnownBatches(sum);
  const said = new Set<string>();
  /** By attempt and member: the kind that honest holders gave out. */
  const kinds = new Map<string, "self" | "recovery">();
  /** The survivors that a member was last told of, by attempt. */
  const included = new Map<string, number>();

  const onIncluded = (member: number, message: CoordinatorMessage): void => {
    if (message.type !== "included" || said.has(`${member}/${message.attempt}/confirmed`)) return;
    const survivors = fromBitmap(message.survivors, sum.roster.length) ?? [];
    included.set(`${member}/${message.attempt}`, survivors.length);
  };
  const onShares = (
    holder: number,
    { attempt, of: bitmap, seed, shares }: Extract<AgentMessage, { type: "shares" }>,
  ): string | null => {
    const survivorCount = included.get(`${holder}/${attempt}`) ?? 0;
    if (survivorCount < sum.survivorsMin)
      return `member ${holder} opens attempt ${attempt} over ${survivorCount} survivors`;
    if (seed.length > 0 && !gives(attempt, holder, "self")) return bothKinds(holder, attempt);
    const of = fromBitmap(bitmap, sum.roster.length) ?? [];
    for (const [i, dealer] of of.entries()) {
      const kind = batches.kindOf(dealer, attempt, holder, shares.subarray(32 * i, 32 * i + 32));
      if (!kind && !liars.has(dealer)) return `member ${holder} gives out what it never held`;
      if (!kind) continue;
      if (!gives(attempt, dealer, kind)) return bothKinds(dealer, attempt);
    }
    return null;
  };
  const gives = (attempt: number, dealer: number, kind: "self" | "recovery"): boolean => {
    const known = kinds.get(`${attempt}/${dealer}`);
    kinds.set(`${attempt}/${dealer}`, known ?? kind);
    return known === undefined || known === kind;
  };
  const bothKinds = (dealer: number, attempt: number): string =>
    `both kinds of share of member ${dealer} are out in attempt ${attempt}`;
  return (observed) => {
    batches.observe(observed);
    if (observed.type === "toAgent") onIncluded(observed.member, observed.message);
    if (observed.type !== "fromAgent" || liars.has(observed.member)) return null;
    const { member, message } = observed;
    if (!ONCE_AN_ATTEMPT.includes(message.type) || !("attempt" in message)) return null;
    // Kinds first: two messages that tell both kinds are worse than two messages.
    const fault = message.type === "shares" ? onShares(member, message) : null;
    const isMore = message.type === "shares" && message.seed.length === 0;
    const name = `${member}/${message.attempt}/${message.type}${isMore ? "/more" : ""}`;
    const repeated = said.has(name) ? `member ${member} says ${message.type} twice` : null;
    said.add(name);
    return fault ?? repeated;
  };
}
