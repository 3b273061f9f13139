/** Keys are used once: a mask in one vector, an attempt's prekeys in one dealing and under one context. */
import { toHex } from "../../shared/base/bytes.ts";
import type { AgentMessage } from "../../shared/protocol/messages.ts";
import type { Mask } from "../../shared/secagg/masks.ts";
import type { Checker, Watched } from "./checkers.ts";
import { KnownBatches } from "./known-batches.ts";

export function checkKeys({ sum, liars }: Watched): Checker {
  const batches = new KnownBatches(sum);
  /** By member and key of a mask: the attempt that it was used in. */
  const masksUsed = new Set<string>();
  const sealed = new Set<string>();
  /** Attempts dealt for in the session that a member last joined with. */
  const dealt = new Map<number, Set<number>>();

  const onSealed = (member: number, attempt: number, masks: readonly Mask[]): string | null => {
    if (sealed.has(`${member}/${attempt}`))
      return `member ${member} seals attempt ${attempt} twice`;
    sealed.add(`${member}/${attempt}`);
    for (const { key } of masks) {
      const name = `${member}/${toHex(key)}`;
      if (masksUsed.has(name)) return `member ${member} uses a mask twice`;
      masksUsed.add(name);
    }
    return null;
  };
  const onPrekeys = (
    member: number,
    { batch }: Extract<AgentMessage, { type: "prekeys" }>,
  ): string | null => {
    const opened = batches.opened(member, batch);
    if (!opened) return `member ${member} deals for a batch that was never opened to it`;
    const before = dealt.get(member) ?? new Set();
    dealt.set(member, before);
    for (let i = 0; i < opened.count; i++) {
      const attempt = opened.firstAttempt + i;
      if (before.has(attempt)) return `member ${member} deals twice for attempt ${attempt}`;
      before.add(attempt);
    }
    return null;
  };
  return (observed) => {
    batches.observe(observed);
    if (observed.type === "sealed")
      return onSealed(observed.member, observed.attempt, observed.masks);
    if (observed.type !== "fromAgent" || liars.has(observed.member)) return null;
    const { member, message } = observed;
    if (message.type === "runJoined") dealt.delete(member);
    return message.type === "prekeys" ? onPrekeys(member, message) : null;
  };
}
