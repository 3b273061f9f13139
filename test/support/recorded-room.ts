/** EDGE: a room in this process whose members reach their coordinator through proxies that record every byte. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type RunningAgent, startAgent } from "../../agent/agent.ts";
import { enrol } from "../../agent/enrol.ts";
import { Vault } from "../../agent/vault.ts";
import { CoordinatorConfig } from "../../coordinator/config.ts";
import { CoordinatorService } from "../../coordinator/service.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import { type Manifest, Plan } from "../../shared/charter/manifest.ts";
import { AgentMessage, CoordinatorMessage } from "../../shared/protocol/messages.ts";
import { messagesIn, parseWire, type Recording, recordingProxy } from "./recording.ts";

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
  const dataDir = join(folder, "coordinator");
  mkdirSync(dataDir);
  const service = new CoordinatorService(CoordinatorConfig.parse({ listen: { port: 0 }, dataDir }));
  const port = await service.listen();
  service.createRoom(charter);
  const recordings = new Map<string, Recording>();
  const agents: RunningAgent[] = [];
  const dataPath = (memberId: string): string => join(folder, `${memberId}.csv`);
  const admit = async ([memberId, table]: [string, string]): Promise<void> => {
    const recording = await recordingProxy(port);
    recordings.set(memberId, recording);
    writeFileSync(dataPath(memberId), table);
    const { token } = service.invite(undefined, memberId);
    const own = join(folder, memberId);
    const vault = new Vault(own);
    const url = `ws://127.0.0.1:${recording.port}`;
    const address = { url, caPath: undefined, allowPlain: undefined };
    await enrol(vault, { ...address, token, dataPath: dataPath(memberId), folder: own });
    vault.close();
    agents.push(await connected(own));
  };
  await Promise.all([...tables].map(admit));
  /** Of the connection that runs went through: the last. Challenge or auth, and welcome, come before messages. */
  const binary = (memberId: string, side: "sent" | "received"): Buffer[] =>
    parseWire(recordings.get(memberId)?.connections.at(-1)?.[side] ?? []).binary;
  return {
    dataPath,
    async run(plan) {
      const { runId } = service.startRun(Plan.parse(plan));
      const outcome = await new Promise<string>((resolve) => {
        service.watch(runId, (event) => {
          if (event.type === "completed") resolve("");
          if (event.type === "failed") resolve(event.reason);
        });
      });
      if (outcome !== "") throw new Error(outcome);
      return { runId, manifest: service.findRun(runId).manifest };
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
      await Promise.all(agents.map((agent) => agent.close()));
      await Promise.all([...recordings.values()].map((recording) => recording.close()));
      await service.close();
    },
  };
}

function connected(folder: string): Promise<RunningAgent> {
  return new Promise((resolve, reject) => {
    let agent: RunningAgent | null = null;
    let isConnected = false;
    const settle = (): void => {
      if (agent && isConnected) resolve(agent);
    };
    const onEvent = (event: { type: string; state?: string }): void => {
      isConnected ||= event.state === "connected";
      settle();
    };
    startAgent({ folder, onEvent }).then((started) => {
      agent = started;
      settle();
    }, reject);
  });
}
