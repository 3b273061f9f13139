/**
 * A coordinator that has one attempt opened over the survivors that it likes: it leaves its honest half aside and
 * makes INCLUDED and CERTIFIED itself, out of what members send. It keeps all shares that it ever gets.
 */
import { concatBytes } from "../../shared/base/bytes.ts";
import { toBitmap } from "../../shared/base/member-set.ts";
import type { AgentMessage } from "../../shared/protocol/messages.ts";
import { proofFor } from "../../shared/secagg/certificate.ts";
import { type OfType, resignedRound, type ToAgent } from "./attacks.ts";
import { CoordinatorEye } from "./coordinator-eye.ts";
import type { RoomRun } from "./room.ts";
import type { Sent, Simulation, SimulationParams } from "./simulation.ts";

/** Everyone but member 0 of five, whose vector would be the difference. */
export const OTHERS = [1, 2, 3, 4];

/** Round 0 again: its first attempt is opened behind the honest half's back, the next is to be opened without member 0. */
export function openingAgain(run: RoomRun): SecondOpening {
  return new SecondOpening({
    run,
    survivors: OTHERS,
    attacks: ({ round, attempt }) => round === 0 && attempt > 0,
    hides: (attempt) => attempt === 0,
  });
}

/** What round 0 asked, under round 1's number, without member 0. */
export function askingAgain(run: RoomRun): SecondOpening {
  let first: Sent<ToAgent> | null = null;
  return new SecondOpening({
    run,
    survivors: OTHERS,
    attacks: (opened) => opened.round === 1,
    sees: (sent) => {
      first ??= sent;
    },
    asks: (message) => {
      if (first?.message.type !== "roundOpened") return { message };
      const { vector } = first;
      return {
        message: resignedRound(run, { ...message, vector: first.message.vector }),
        vector,
      };
    },
  });
}

interface SecondOpeningParams {
  readonly run: RoomRun;
  /** Over whom the attacked attempt is to be opened. */
  readonly survivors: readonly number[];
  /** The attempt to attack: the first of which this is true. */
  readonly attacks: (opened: OfType<ToAgent, "roundOpened">) => boolean;
  /** Each opening as it would honestly be said. */
  readonly sees?: (opened: Sent<ToAgent>) => void;
  /** What the attacked attempt asks instead. */
  readonly asks?: (opened: OfType<ToAgent, "roundOpened">) => Sent<ToAgent>;
  /** An honest sum whose shares are kept from the honest half, so that it tries again. */
  readonly hides?: (attempt: number) => boolean;
}

export class SecondOpening {
  /** Who gave out shares, by attempt. */
  readonly shares = new Map<number, number[]>();
  readonly #params: SecondOpeningParams;
  readonly #eye: CoordinatorEye;
  readonly #roots = new Map<number, Uint8Array>();
  readonly #confirmations = new Map<number, Uint8Array>();
  #simulation: Simulation | null = null;
  #target: number | null = null;

  constructor(params: SecondOpeningParams) {
    this.#params = params;
    this.#eye = new CoordinatorEye(params.run);
  }

  get target(): number {
    return this.#target ?? -1;
  }

  lies(): Pick<SimulationParams, "toAgent" | "fromAgent" | "coordinatorLies"> {
    return {
      coordinatorLies: true,
      toAgent: (_, sent) => this.#toAgent(sent),
      fromAgent: (member, sent) => this.#fromAgent(member, sent),
    };
  }

  /** Through which it says what its honest half would not. */
  during(simulation: Simulation): void {
    this.#simulation = simulation;
  }

  #toAgent(sent: Sent<ToAgent>): Sent<ToAgent>[] {
    const { attacks, asks, sees } = this.#params;
    const { message } = sent;
    if (message.type === "roundOpened") sees?.(sent);
    if (message.type === "roundOpened" && this.#target === null && attacks(message))
      this.#target = message.attempt;
    const isTarget = "attempt" in message && message.attempt === this.#target;
    if (isTarget && (message.type === "included" || message.type === "certified")) return [];
    const told = isTarget && message.type === "roundOpened" && asks ? asks(message) : sent;
    this.#eye.see(told.message);
    return [told];
  }

  #fromAgent(member: number, sent: Sent<AgentMessage>): Sent<AgentMessage>[] {
    const { message } = sent;
    if (message.type === "shares") {
      const { attempt } = message;
      this.shares.set(attempt, [...(this.shares.get(attempt) ?? []), member]);
      if (this.#params.hides?.(attempt)) {
        this.#simulation?.observe({ type: "fromAgent", member, message }); // It did leave the member.
        return [];
      }
    }
    if (!("attempt" in message) || message.attempt !== this.#target) return [sent];
    if (message.type === "masked") this.#sum(member, message);
    if (message.type === "confirmed") this.#confirmed(member, message);
    return [sent];
  }

  #sum(member: number, { attempt, vector }: OfType<AgentMessage, "masked">): void {
    const { survivors } = this.#params;
    if (!survivors.includes(member)) return;
    this.#roots.set(member, vector.sha256);
    if (this.#roots.size < survivors.length) return;
    const roots = survivors.map((index) => this.#roots.get(index) ?? new Uint8Array());
    this.#say(survivors, (to) => this.#eye.included(attempt, survivors, roots, to));
  }

  #confirmed(
    member: number,
    { runId, attempt, confirmation }: OfType<AgentMessage, "confirmed">,
  ): void {
    const { run, survivors } = this.#params;
    this.#confirmations.set(member, confirmation);
    if (this.#confirmations.size < run.sum.confirmationsMin) return;
    this.#say(survivors, (to) => {
      const others = [...this.#confirmations].filter(([from]) => from !== to);
      others.sort(([a], [b]) => a - b);
      const proofs = others.map(([from, made]) => proofFor(run.sum, survivors, from, to, made));
      const confirmers = toBitmap(
        others.map(([from]) => from),
        run.sum.roster.length,
      );
      return { type: "certified", runId, attempt, confirmers, proofs: concatBytes(...proofs) };
    });
  }

  #say(to: readonly number[], message: (member: number) => ToAgent): void {
    this.#simulation?.time.after(1, () => {
      for (const member of to) this.#simulation?.tell(member, message(member));
    });
  }
}
