/**
 * Where nothing is noised: no member helps to open one round over two sets of survivors, crashes or not, and no
 * two sets of one round, or of one ask, can both be opened. What liars would give out counts as given.
 */
import { toHex } from "../../shared/base/bytes.ts";
import { fromBitmap } from "../../shared/base/member-set.ts";
import type { CoordinatorMessage } from "../../shared/protocol/messages.ts";
import type { Checker, Watched } from "./checkers.ts";

/** By set of survivors: who gave out shares for it. */
type Openings = Map<string, Set<number>>;

export function checkOpenings({ sum, liars }: Watched): Checker {
  /** By member and attempt, as the member was told. */
  const asked = new Map<string, { readonly round: string; readonly ask: string }>();
  const included = new Map<string, string>();
  const confirmed = new Set<string>();
  const openings = new Map<string, Openings>();

  const told = (member: number, message: CoordinatorMessage): void => {
    if (message.type === "roundOpened") {
      const { round, attempt, askKind, vector } = message;
      const ask = `ask ${askKind} ${toHex(vector.sha256)}`;
      asked.set(`${member}/${attempt}`, { round: `round ${round}`, ask });
    }
    if (message.type !== "included" || confirmed.has(`${member}/${message.attempt}`)) return;
    const survivors = fromBitmap(message.survivors, sum.roster.length) ?? [];
    included.set(`${member}/${message.attempt}`, survivors.join(" "));
  };
  const opens = (member: number, attempt: number): string | null => {
    const { round, ask } = asked.get(`${member}/${attempt}`) ?? {
      round: "no round",
      ask: "no ask",
    };
    const survivors = included.get(`${member}/${attempt}`) ?? "";
    for (const what of [round, ask]) {
      const sets = openings.get(what) ?? new Map<string, Set<number>>();
      openings.set(what, sets);
      const other = [...sets].find(([set, by]) => set !== survivors && by.has(member))?.[0];
      sets.set(survivors, (sets.get(survivors) ?? new Set<number>()).add(member));
      if (other !== undefined && what === round)
        return `member ${member} opens ${what} over {${other}} and over {${survivors}}`;
      const opened = [...sets.values()].filter((by) => by.size + liars.size >= sum.threshold);
      if (opened.length > 1) return `${what} is opened over two sets of survivors`;
    }
    return null;
  };
  return (observed) => {
    if (observed.type === "toAgent") told(observed.member, observed.message);
    if (observed.type !== "fromAgent" || liars.has(observed.member)) return null;
    const { member, message } = observed;
    if (message.type === "confirmed") confirmed.add(`${member}/${message.attempt}`);
    return message.type === "shares" ? opens(member, message.attempt) : null;
  };
}
