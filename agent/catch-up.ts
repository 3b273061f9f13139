/**
 * Between a session's beginning and the moment when this member's copy of the room's history has all that there is, and
 * its ledger all that it answered by the history's word. What the coordinator says of runs meanwhile waits: a folder that
 * was put back as it was is found before it signs, answers or gives out anything a second time. Pure: what is
 * asked and told are ports.
 */
import type { Delivery } from "../shared/protocol/inbox.ts";
import type { CoordinatorMessage } from "../shared/protocol/messages.ts";
import type { Answers } from "./ledger/account.ts";

/** Before a member has joined a run there is little to say to it, and no vector to send it; more is not kept. */
const HELD_MAX = 1000;

type Told = Delivery<CoordinatorMessage>;

export interface CatchUpPorts {
  readonly copy: { readonly size: number; takeAnswers(): Answers[] };
  /** Answers later, and only if the ledger knows all of them; else the agent stops. */
  readonly recall: (answers: readonly Answers[], known: () => void) => void;
  readonly deliver: (told: Told) => void;
}

export class CatchUp {
  readonly #ports: CatchUpPorts;
  #isLevel = false;
  #held: Told[] = [];
  /** Counts sessions: what the ledger says in an earlier one opens nothing. */
  #sessions = 0;

  constructor(ports: CatchUpPorts) {
    this.#ports = ports;
  }

  begin(): void {
    this.#sessions += 1;
    this.#isLevel = false;
    this.#held = [];
  }

  deliver(told: Told): void {
    if (this.#isLevel) this.#ports.deliver(told);
    else if (this.#held.length < HELD_MAX && told.vector.length === 0) this.#held.push(told);
  }

  /** The copy was extended. @param size How many entries there are in all. */
  extended(size: number): void {
    const { copy, recall } = this.#ports;
    if (copy.size < size) return;
    const session = this.#sessions;
    const answers = copy.takeAnswers();
    if (this.#isLevel && answers.length === 0) return;
    recall(answers, () => {
      if (session === this.#sessions) this.release();
    });
  }

  /** Nothing waits any more: all is known, or refused in another way. */
  release(): void {
    this.#isLevel = true;
    for (const told of this.#held.splice(0)) this.#ports.deliver(told);
  }
}
