/** EDGE: a room in this process whose members reach their coordinator through proxies that record every byte. */
import type { Charter } from "../../shared/charter/charter.ts";
import { type Manifest, Plan } from "../../shared/charter/manifest.ts";
import { AgentMessage, CoordinatorMessage } from "../../shared/protocol/messages.ts";
import { messagesIn, parseWire, type Recording, recordingProxy } from "./recording.ts";
import { serviceRoom } from "./service-room.ts";

export interface RecordedAsk {
  readonly attempt: number;
  readonly kind: string;
  readonly input: Float32Array;
}

export interface RecordedRoom {
  /** Runs a plan to its end. @throws If it fails. */
  run(plan: object): Promise<{ runId: string; manifest: Manifest }>;
  dataPath(memberId: string): string;
  /** Everything that a member's connections sent: the upgrades too. */
  sentBy(memberId: string): Buffer[];
  /** The vectors among it. */
  vectorsBy(memberId: string): Uint8Array[];
  /** What a run asked of a member. */
  asksOf(memberId: string, runId: string): RecordedAsk[];
  close(): Promise<void>;
}

/** @param tables CSV by member id. */
export async function recordedRoom(
  folder: string,
  charter: Charter,
  tables: ReadonlyMap<string, string>,
): Promise<RecordedRoom> {
  const recordings = new Map<string, Recording>();
  const reachedBy = async (memberId: string, port: number): Promise<number> => {
    const recording = await recordingProxy(port);
    recordings.set(memberId, recording);
    return recording.port;
  };
  const room = await serviceRoom({ folder, charter, tables, reachedBy });
  const { service, dataPath } = room;
  /** Of the connection that runs went through: the last. Challenge or auth, and welcome, come before messages. */
  const binary = (memberId: string, side: "sent" | "received"): Buffer[] =>
    parseWire(recordings.get(memberId)?.connections.at(-1)?.[side] ?? []).binary;
  return {
    dataPath,
    async run(plan) {
      const { runId } = service.propose(Plan.parse(plan));
      const outcome = await new Promise<string>((resolve) => {
        service.watch(runId, (event) => {
          if (event.type === "completed") resolve("");
          if (event.type === "failed") resolve(event.reason);
        });
      });
      if (outcome !== "") throw new Error(outcome);
      return { runId, manifest: service.catalog.find(runId, null).manifest };
    },
    sentBy: (memberId) =>
      (recordings.get(memberId)?.connections ?? []).flatMap(({ sent }) => {
        const { head, frames } = parseWire(sent);
        return [head, ...frames];
      }),
    vectorsBy: (memberId) =>
      messagesIn(AgentMessage, binary(memberId, "sent").slice(1)).flatMap(({ vector }) =>
        vector.length > 0 ? [vector] : [],
      ),
    asksOf: (memberId, runId) =>
      messagesIn(CoordinatorMessage, binary(memberId, "received").slice(2)).flatMap(
        ({ message, vector }) => {
          if (!("askKind" in message) || message.runId !== runId) return [];
          const input = new Float32Array(Uint8Array.from(vector).buffer);
          return [{ attempt: message.attempt, kind: message.askKind, input }];
        },
      ),
    async close() {
      // Agents first, or they would dial again through what is closing.
      await Promise.all([...room.agents.values()].map((agent) => agent.close()));
      await Promise.all([...recordings.values()].map((recording) => recording.close()));
      await service.close();
    },
  };
}
