/** What a member gives out to open a sum, as the message that it takes: its own seed first, more if it is asked for it. Pure. */
import { toBitmap } from "../shared/base/member-set.ts";
import type { AgentMessage, CoordinatorMessage } from "../shared/protocol/messages.ts";
import {
  type AgentState,
  type Closed,
  type Outcome,
  type Revealed,
  reveal,
  revealMore,
} from "../shared/secagg/agent.ts";
import { membersOf, type RunSession } from "./run-session.ts";

type Due = Extract<CoordinatorMessage, { type: "certified" | "sharesAsked" }>;
type Said = Extract<AgentMessage, { type: "shares" }>;

const MALFORMED = { ok: false, code: "malformed" } as const;

/** @returns Null: nothing is due at this point of the attempt. */
export function sharesGiven(
  { params: { sum }, self }: RunSession,
  state: AgentState,
  message: Due,
): Outcome<{ readonly state: Revealed | Closed; readonly said: Said }> | null {
  const { type, runId, attempt } = message;
  const of = membersOf(sum, type === "certified" ? message.confirmers : message.of);
  let given: ReturnType<typeof reveal> | ReturnType<typeof revealMore>;
  if (type === "certified" && state.phase === "confirmed") {
    const { proofs } = message;
    given = of ? reveal(sum, self, state, { confirmers: of, proofs }) : MALFORMED;
  } else if (type === "sharesAsked" && state.phase === "revealed") {
    given = of ? revealMore(self, state, of) : MALFORMED;
  } else return null;
  if (!given.ok) return given;
  const { of: indices, ...revealed } = given.value.revealed;
  const common = { type: "shares", runId, attempt, ...revealed } as const;
  const said = { ...common, of: toBitmap(indices, sum.roster.length) };
  return { ok: true, value: { state: given.value.state, said } };
}
