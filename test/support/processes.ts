/** Starts the project's own binary in processes of their own, on loopback, and ends them by their ids. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { policyPath } from "../../agent/policy-file.ts";
import { CoordinatorClient } from "../../coordinator/cli/client.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import { APPROVES_ALL } from "./charters.ts";

export const MAIN = fileURLToPath(new URL("../../bin/main.ts", import.meta.url));
/** Compiled code, kept by Node from one process to the next: they start in half the time. */
export const COMPILE_CACHE = { NODE_COMPILE_CACHE: join(tmpdir(), "cloister-compile-cache") };

/** A process of ours: its JSON lines, and its end. */
export class Subprocess {
  readonly child: ChildProcess;
  readonly ended: Promise<number>;
  errors = "";
  #listeners = new Set<(line: Record<string, unknown>) => void>();

  constructor(args: readonly string[], environment: Record<string, string> = {}) {
    this.child = spawn(process.execPath, [MAIN, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...COMPILE_CACHE, ...process.env, ...environment },
    });
    this.ended = new Promise((resolve) => this.child.once("close", (code) => resolve(code ?? 1)));
    this.child.stderr?.on("data", (chunk: Buffer) => {
      this.errors += chunk.toString();
    });
    if (!this.child.stdout) return;
    createInterface({ input: this.child.stdout }).on("line", (line) => {
      if (!line.startsWith("{")) return;
      const parsed = JSON.parse(line) as Record<string, unknown>;
      for (const listener of this.#listeners) listener(parsed);
    });
  }

  onLine(listener: (line: Record<string, unknown>) => void): void {
    this.#listeners.add(listener);
  }

  /** The first line that `accept`s. @throws If the process ends before. */
  line(accept: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
    return new Promise((resolve, reject) => {
      this.onLine((line) => accept(line) && resolve(line));
      this.ended.then((code) => reject(new Error(`ended with ${code}: ${this.errors.trim()}`)));
    });
  }

  kill(signal: NodeJS.Signals = "SIGTERM"): void {
    this.child.kill(signal);
  }
}

export interface RoomProcesses {
  readonly folder: string;
  readonly configPath: string;
  /** Where agents connect. */
  readonly url: string;
  readonly client: CoordinatorClient;
  readonly agents: Map<string, Subprocess>;
  coordinator: Subprocess;
  startCoordinator(): Promise<void>;
  /** Invites, enrols and starts. @param at Another address than `url`, such as a proxy's. */
  enrolAgent(memberId: string, dataPath: string, at?: string): Promise<void>;
  startAgent(memberId: string): Promise<void>;
  agentFolder(memberId: string): string;
  close(): Promise<void>;
}

/** An invitation's token in a file of its own. */
export function tokenFile(folder: string, token: string): string {
  const path = join(folder, `${randomUUID()}.token`);
  writeFileSync(path, `${token}\n`);
  return path;
}

export interface RoomSetup {
  readonly folder: string;
  readonly charter: Charter;
  /** CSV path by member id. */
  readonly data: ReadonlyMap<string, string>;
  readonly patience?: Record<string, number>;
  /** Agents print no line for each round. */
  readonly quiet?: boolean;
  /** Whose agents approve whatever is proposed. Left out: everybody's. */
  readonly approves?: (memberId: string) => boolean;
  /** Members enrolled side by side; all, if not given. */
  readonly atOnce?: number;
}

/** Coordinator, room, invitations, enrolments and agents, each through the command line that a person would use. */
export async function startRoom({
  folder,
  charter,
  data,
  patience,
  quiet,
  atOnce,
  approves = () => true,
}: RoomSetup): Promise<RoomProcesses> {
  mkdirSync(folder, { recursive: true });
  const configPath = join(folder, "coordinator.yaml");
  const write = (port: number): void => {
    const config = {
      listen: { host: "127.0.0.1", port },
      dataDir: join(folder, "coordinator"),
      ...(patience ? { patience } : {}),
    };
    writeFileSync(configPath, stringify(config));
  };
  write(0);
  const agents = new Map<string, Subprocess>();
  const launch = async (): Promise<{ process: Subprocess; port: number }> => {
    const process = new Subprocess(["coordinator", "start", "--config", configPath, "--json"]);
    const { port } = await process.line(({ type }) => type === "listening");
    return { process, port: Number(port) };
  };
  const first = await launch();
  write(first.port); // From now on the same port, also after a restart.
  writeFileSync(join(folder, "charter.yaml"), stringify(charter));
  const url = `ws://127.0.0.1:${first.port}`;
  const client = CoordinatorClient.from({ config: configPath });
  await client.post("/v1/rooms", charter);
  const agentFolder = (memberId: string): string => join(folder, memberId);
  const room: RoomProcesses = {
    folder,
    configPath,
    url,
    client,
    agents,
    coordinator: first.process,
    agentFolder,
    async startCoordinator() {
      room.coordinator = (await launch()).process;
    },
    async enrolAgent(memberId, dataPath, at = url) {
      const { token } = await client.post<{ token: string }>("/v1/invitations", { memberId });
      const where = ["--coordinator", at, "--folder", agentFolder(memberId)];
      const what = ["--token-file", tokenFile(folder, token), "--data", dataPath, "--json"];
      const init = new Subprocess(["agent", "init", ...where, ...what]);
      if ((await init.ended) !== 0) throw new Error(init.errors.trim());
      if (approves(memberId)) writeFileSync(policyPath(agentFolder(memberId)), APPROVES_ALL);
      await room.startAgent(memberId);
    },
    async startAgent(memberId) {
      const how = quiet ? ["--json", "--quiet"] : ["--json"];
      const agent = new Subprocess(["agent", "start", "--folder", agentFolder(memberId), ...how]);
      agents.set(memberId, agent);
      await agent.line(({ state }) => state === "connected");
    },
    async close() {
      const all = [...agents.values(), room.coordinator];
      for (const process of all) process.kill();
      await Promise.all(all.map(({ ended }) => ended));
    },
  };
  try {
    const waiting = [...data];
    const enrolNext = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift()) await room.enrolAgent(...next);
    };
    await Promise.all(Array.from({ length: atOnce ?? waiting.length }, enrolNext));
  } catch (error) {
    await room.close();
    throw error;
  }
  return room;
}
