/** EDGE: a room within the test's own process, over real sockets: one coordinator, and an agent for each member. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type RunningAgent, startAgent } from "../../agent/agent.ts";
import { enrol } from "../../agent/enrol.ts";
import { policyPath } from "../../agent/policy-file.ts";
import { Vault } from "../../agent/vault.ts";
import { CoordinatorConfig } from "../../coordinator/config.ts";
import { CoordinatorService } from "../../coordinator/service.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import { APPROVES_ALL } from "./charters.ts";

export interface ServiceRoomSetup {
  /** Exists. Each member's own folder will lie in it, by its name. */
  readonly folder: string;
  readonly charter: Charter;
  /** CSV by member id. */
  readonly tables: ReadonlyMap<string, string>;
  /** The port through which a member reaches the coordinator's. Left out: the coordinator's. */
  readonly reachedBy?: (memberId: string, port: number) => Promise<number>;
}

export interface ServiceRoom {
  readonly service: CoordinatorService;
  /** Where agents connect. */
  readonly url: string;
  readonly agents: ReadonlyMap<string, RunningAgent>;
  dataPath(memberId: string): string;
  /** Starts a member's agent, again where it was closed. Resolves when it is connected. */
  start(memberId: string): Promise<void>;
  close(): Promise<void>;
}

/** Everybody has enrolled and is connected. */
export async function serviceRoom(setup: ServiceRoomSetup): Promise<ServiceRoom> {
  const { folder, charter, tables, reachedBy = async (_: string, port: number) => port } = setup;
  const dataDir = join(folder, "coordinator");
  mkdirSync(dataDir);
  const service = new CoordinatorService(CoordinatorConfig.parse({ listen: { port: 0 }, dataDir }));
  const port = await service.listen();
  service.rooms.create(charter);
  const agents = new Map<string, RunningAgent>();
  const dataPath = (memberId: string): string => join(folder, `${memberId}.csv`);
  const start = async (memberId: string): Promise<void> => {
    agents.set(memberId, await connected(join(folder, memberId)));
  };
  const admit = async ([memberId, table]: [string, string]): Promise<void> => {
    const url = `ws://127.0.0.1:${await reachedBy(memberId, port)}`;
    writeFileSync(dataPath(memberId), table);
    const { token } = service.rooms.invite(undefined, memberId);
    const own = join(folder, memberId);
    const vault = new Vault(own);
    const address = { url, caPath: undefined, allowPlain: undefined };
    await enrol(vault, { ...address, token, dataPath: dataPath(memberId), folder: own });
    vault.close();
    writeFileSync(policyPath(own), APPROVES_ALL);
    await start(memberId);
  };
  await Promise.all([...tables].map(admit));
  const close = async (): Promise<void> => {
    await Promise.all([...agents.values()].map((agent) => agent.close()));
    await service.close();
  };
  return { service, url: `ws://127.0.0.1:${port}`, agents, dataPath, start, close };
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
