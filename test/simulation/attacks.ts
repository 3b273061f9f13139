/** What attacks have in common: lies told in the right form, signed by whoever tells them. */
import { askHash } from "../../shared/charter/ask.ts";
import type { AgentMessage, CoordinatorMessage } from "../../shared/protocol/messages.ts";
import { signJoin } from "../../shared/secagg/channel.ts";
import { entryStatement, type SignedEntry } from "../../shared/transcript/chain.ts";
import { type Equivocation, findEquivocations } from "../../shared/transcript/equivocation.ts";
import type { RoomRun } from "./room.ts";
import { type Sent, Simulation, type SimulationParams } from "./simulation.ts";

export type ToAgent = CoordinatorMessage;
export type OfType<T, Type> = Extract<T, { type: Type }>;

/** Long enough for three failed attempts; a run that stands still stops here. */
const LONG_MS = 15_000;

/** A run with liars in it, to its end. */
export function attacked(
  params: Partial<SimulationParams>,
  during?: (simulation: Simulation) => void,
): Simulation {
  const simulation = new Simulation({ seed: "attack", memberCount: 4, rounds: 2, ...params });
  during?.(simulation);
  simulation.start();
  simulation.runUntil(LONG_MS);
  return simulation;
}

/** Changes messages of one type on their way to some members; the others get the truth. */
export function lyingTo<Type extends ToAgent["type"]>(
  victims: readonly number[],
  type: Type,
  lie: (message: OfType<ToAgent, Type>, member: number, vector?: Uint8Array) => Sent<ToAgent>[],
): NonNullable<SimulationParams["toAgent"]> {
  return (member, sent) => {
    const { message, vector } = sent;
    if (!victims.includes(member) || !isOf(message, type)) return [sent];
    return lie(message, member, vector).map((told) => ({ vector, ...told }));
  };
}

export function isOf<M extends { type: string }, Type extends M["type"]>(
  message: M,
  type: Type,
): message is Extract<M, { type: Type }> {
  return message.type === type;
}

/** ROUND over another model or history, signed by the coordinator as it should be. */
export function resignedRound(
  { runId, room }: RoomRun,
  message: OfType<ToAgent, "roundOpened">,
): OfType<ToAgent, "roundOpened"> {
  const { round, attempt, askKind, head, vector } = message;
  const ask = askHash(runId, round, askKind, vector.sha256);
  const entry = { kind: "roundOpened", runId, round, attempt, askHash: ask, head } as const;
  return { ...message, signature: room.coordinator.sign(entryStatement(entry)) };
}

/** A member's join with other keys, signed by itself. */
export function resignedJoin(
  { runId, room }: RoomRun,
  member: number,
  changes: Partial<Pick<OfType<AgentMessage, "runJoined">, "channelKey" | "kemKey">>,
  join: OfType<AgentMessage, "runJoined">,
): AgentMessage {
  const { memberId, identity } = room.members[member] ?? {
    memberId: "",
    identity: room.coordinator,
  };
  const { channelKey, kemKey, nonceRoot } = { ...join, ...changes };
  const signed = signJoin(runId, memberId, { channelKey, kemKey, nonceRoot }, identity);
  return { type: "runJoined", runId, ...signed, engine: join.engine };
}

/** What the coordinator signed for two members, laid side by side. */
export function evidenceOf(simulation: Simulation, ...members: number[]): Equivocation["what"][] {
  const entries: SignedEntry[] = members.flatMap((i) => simulation.agents[i]?.evidence ?? []);
  const key = simulation.run.room.coordinator.publicKey;
  return [...new Set(findEquivocations(key, entries).map(({ what }) => what))];
}

/** Faults that a member reported, each as code and name. */
export function faultsSeenBy(simulation: Simulation, member: number): string[] {
  const seen = simulation.reports.flatMap(({ member: by, event }) =>
    by === member && event.type === "fault" ? [`${event.code} ${event.member}`] : [],
  );
  return [...new Set(seen)];
}

/** Why a member went no further, in order. */
export function refusalsOf(simulation: Simulation, member: number): string[] {
  return simulation.reports.flatMap(({ member: by, event }) =>
    by === member && event.type === "withdrawn" ? [event.code] : [],
  );
}

/** Faults that the coordinator noted, each as code and name; lateness left out. */
export function blamed(simulation: Simulation): string[] {
  const faults = simulation.events.flatMap((event) =>
    event.type === "fault" && event.code !== "wrongPhase"
      ? [`${event.code} ${event.memberId}`]
      : [],
  );
  return [...new Set(faults)];
}

/** Survivors of each released round. */
export function survivorsOf(simulation: Simulation): string[] {
  return simulation.events.flatMap((event) =>
    event.type === "roundReleased" ? [event.survivors.map((id) => id.slice(5)).join(" ")] : [],
  );
}

/** Every message that members sent, for what was and was not said. */
export function overhearing(simulation: SimulationParams["fromAgent"] | null = null): {
  readonly fromAgent: NonNullable<SimulationParams["fromAgent"]>;
  readonly heard: { readonly member: number; readonly message: AgentMessage }[];
} {
  const heard: { member: number; message: AgentMessage }[] = [];
  return {
    heard,
    fromAgent: (member, sent) => {
      heard.push({ member, message: sent.message });
      return simulation ? simulation(member, sent) : [sent];
    },
  };
}
