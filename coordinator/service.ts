/** EDGE: a running coordinator: store, gateway, HTTP, and the runs under way. Wiring only. */
import type { Server } from "node:http";
import { join } from "node:path";
import { getRequestListener } from "@hono/node-server";
import { fromHex, toHex } from "../shared/base/bytes.ts";
import { badInput } from "../shared/base/errors.ts";
import { type Charter, charterHash } from "../shared/charter/charter.ts";
import { type Plan, runIdOf } from "../shared/charter/manifest.ts";
import { fingerprint, type Identity, identityFromSecret } from "../shared/crypto/identity.ts";
import { writeFileAtomic } from "../shared/edge/files.ts";
import { MaskThreads } from "../shared/edge/mask-threads.ts";
import { osClock, osRng } from "../shared/edge/os.ts";
import type { TokenRequest } from "./access-token.ts";
import type { AccessTokens, IssuedToken } from "./access-tokens.ts";
import { Audits } from "./audits.ts";
import type { CoordinatorConfig } from "./config.ts";
import { Gateway } from "./gateway.ts";
import { httpApi } from "./http.ts";
import type { MemberAddress } from "./peer.ts";
import { buildManifest } from "./plan.ts";
import { Run } from "./run.ts";
import { RunCatalog } from "./run-catalog.ts";
import { foldRun, type RunEvent, type RunSummary, type StartedBy } from "./run-events.ts";
import type { LiveEvent, RunPorts } from "./run-ports.ts";
import { type MemberView, memberRuns } from "./run-views.ts";
import { createServer, listen } from "./server.ts";
import { Store } from "./store.ts";

const TICK_MS = 50;
const INVITATION_MS = 7 * 24 * 3600 * 1000;

export const adminTokenPath = (dataDir: string): string => join(dataDir, "admin.token");

export class CoordinatorService {
  readonly #config: CoordinatorConfig;
  readonly #store: Store;
  /** What is kept of released rounds. */
  readonly audits: Audits;
  readonly catalog: RunCatalog;
  readonly #maskThreads = new MaskThreads();
  readonly #identity: Identity;
  readonly #server: Server;
  readonly #gateway: Gateway;
  readonly #runs = new Map<string, Run>();
  readonly #watchers = new Map<string, Set<(event: RunEvent | LiveEvent) => void>>();
  readonly #ticks: NodeJS.Timeout;

  constructor(config: CoordinatorConfig) {
    this.#config = config;
    this.#store = new Store(join(config.dataDir, "coordinator.db"), osClock);
    this.audits = new Audits(join(config.dataDir, "audit"), config.audit.keepRounds);
    this.#identity = identityFromSecret(this.#store.secret("identity", osRng));
    const adminToken = toHex(this.#store.secret("adminToken", osRng));
    writeFileAtomic(adminTokenPath(config.dataDir), `${adminToken}\n`, 0o600);
    this.catalog = new RunCatalog(this.#store);
    const { failuresPerMinute } = config.access;
    const listener = getRequestListener(httpApi(this, { adminToken, failuresPerMinute }).fetch);
    this.#server = createServer(config, listener);
    this.#gateway = this.#openGateway();
    for (const runId of this.#store.runIds()) this.#resume(runId);
    this.#ticks = setInterval(() => {
      for (const run of this.#runs.values()) run.tick();
    }, TICK_MS);
  }

  /** @returns The port. @throws {CloisterError} If the port is taken, or plain traffic would leave this machine. */
  async listen(): Promise<number> {
    const port = await listen(this.#server, this.#config);
    // Not before: with the port in use another coordinator may be at work in the same folder.
    this.audits.deleteLeftovers();
    return port;
  }

  async close(): Promise<void> {
    clearInterval(this.#ticks);
    this.#gateway.close();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#store.close();
    await this.#maskThreads.close();
  }

  createRoom(charter: Charter): { room: string; charterHash: string } {
    this.#store.createRoom(charter);
    return { room: charter.room, charterHash: charterHash(charter) };
  }

  /** A one-time token that also pins this coordinator's key. */
  invite(
    room: string | undefined,
    memberId: string,
  ): { room: string; memberId: string; token: string } {
    const charter = this.#charter(room);
    checkMember(charter, memberId);
    const token = this.#store.invite(charter.room, memberId, INVITATION_MS, osRng);
    return {
      room: charter.room,
      memberId,
      token: `${token}.${fingerprint(this.#identity.publicKey)}`,
    };
  }

  createToken(request: TokenRequest): IssuedToken {
    const charter = this.#charter(request.room);
    if (request.memberId !== undefined) checkMember(charter, request.memberId);
    return this.accessTokens.create({ ...request, room: charter.room }, osRng);
  }

  get accessTokens(): AccessTokens {
    return this.#store.accessTokens;
  }

  startRun(plan: Plan, startedBy?: StartedBy): { runId: string } {
    const charter = this.#charter(plan.room);
    // Not which: it may be another room's.
    if ([...this.#runs.values()].some((run) => run.status === "running"))
      throw badInput("run.busy", "a run is still under way on this coordinator; wait for its end");
    const members = this.#store.members(charter.room);
    const coordinatorKey = toHex(this.#identity.publicKey);
    const manifest = buildManifest({
      plan,
      charter,
      members,
      coordinatorKey,
      nowMs: osClock.nowMs(),
      rng: osRng,
    });
    const runId = runIdOf(manifest);
    this.#runs.set(runId, this.#makeRun(runId, charter, manifest, [], null, startedBy));
    return { runId };
  }

  events(runId: string): RunEvent[] {
    return this.#store.events(runId);
  }

  get publicKey(): Uint8Array {
    return this.#identity.publicKey;
  }

  /** Null: not enrolled. */
  identityKeyOf({ room, memberId }: MemberAddress): Uint8Array | null {
    const member = this.#store.members(room).find((known) => known.memberId === memberId);
    return member ? fromHex(member.identityKey) : null;
  }

  memberView(room: string | undefined, memberId: string): MemberView {
    const charter = this.#charter(room);
    checkMember(charter, memberId);
    const address = { room: charter.room, memberId };
    const key = this.identityKeyOf(address);
    return {
      ...address,
      identity: key && fingerprint(key),
      isConnected: this.#gateway.isConnected(address),
      runs: memberRuns(this.catalog.list(charter.room), memberId),
    };
  }

  charterOf(room: string): Charter {
    return this.#charter(room);
  }

  taskState(runId: string): Uint8Array | null {
    return this.#store.taskState(runId);
  }

  /** @returns Stops watching. */
  watch(runId: string, listener: (event: RunEvent | LiveEvent) => void): () => void {
    const listeners = this.#watchers.get(runId) ?? new Set();
    this.#watchers.set(runId, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  #charter(room: string | undefined): Charter {
    const rooms = this.#store.rooms();
    const name = room ?? (rooms.length === 1 ? rooms[0] : undefined);
    if (name === undefined) {
      const hint =
        rooms.length === 0
          ? 'there is no room yet; create one with "cloister room create"'
          : `name one of ${rooms.join(", ")}`;
      throw badInput("room.which", `which room? ${hint}`);
    }
    const charter = this.#store.charter(name);
    if (!charter)
      throw badInput(
        "room.unknown",
        `room "${name}" does not exist; create it with "cloister room create"`,
      );
    return charter;
  }

  #openGateway(): Gateway {
    return new Gateway(this.#server, {
      identity: this.#identity,
      identityKeyOf: (member) => this.identityKeyOf(member),
      offer: (token) => {
        const invitation = this.#store.lookUpToken(token);
        if (invitation === "unknown") return "is not known here";
        if (invitation === "used") return "was used already";
        if (invitation === "expired") return "has expired";
        const charter = this.#store.charter(invitation.room);
        const text = this.#store.charterText(invitation.room);
        if (!charter || text === null) return "is for a room that no longer exists";
        return { member: invitation, charter: text, charterHash: charterHash(charter) };
      },
      enrol: (token, member, identityKey, signature) =>
        this.#store.enrol(token, member, {
          identityKey: toHex(identityKey),
          enrolmentSignature: toHex(signature),
        }),
      onConnected: (member, resumed) => this.#runOf(member)?.connected(member.memberId, resumed),
      onDisconnected: (member) => this.#runOf(member)?.disconnected(member.memberId),
      onDelivery: (member, delivery) => this.#runOf(member)?.deliver(member.memberId, delivery),
      onPart: (member, message, bytes) =>
        this.#runOf(member)?.deliverPart(member.memberId, message, bytes),
      onFault: (member, code) => this.#watchAll(member, code),
    });
  }

  #runOf({ room, memberId }: MemberAddress): Run | null {
    for (const run of this.#runs.values())
      if (run.status === "running" && run.hasMember(room, memberId)) return run;
    return null;
  }

  #watchAll(member: MemberAddress | null, code: string): void {
    for (const [runId, listeners] of this.#watchers) {
      // Who watches a run of one room hears nothing of another's members.
      if (member && !this.#runs.get(runId)?.hasMember(member.room, member.memberId)) continue;
      const memberId = member?.memberId ?? "unknown";
      const event: LiveEvent = { type: "fault", runId, memberId, code };
      for (const listener of listeners) listener(event);
    }
  }

  #resume(runId: string): void {
    const log = this.#store.events(runId);
    const summary = foldRun(log);
    const charter = summary && this.#store.charter(summary.manifest.room);
    if (!summary || !charter || summary.status !== "running") return;
    this.#runs.set(
      runId,
      this.#makeRun(runId, charter, summary.manifest, log, this.#store.taskState(runId)),
    );
  }

  #makeRun(
    runId: string,
    charter: Charter,
    manifest: RunSummary["manifest"],
    log: readonly RunEvent[],
    state: Uint8Array | null,
    startedBy?: StartedBy,
  ): Run {
    const { workSeconds, stepSeconds, graceSeconds, startSeconds } = this.#config.patience;
    const patience = {
      workMs: 1000 * workSeconds,
      stepMs: 1000 * stepSeconds,
      graceMs: 1000 * graceSeconds,
    };
    const { room } = charter;
    const ports = {
      clock: osClock,
      rng: osRng,
      send: (...to: Parameters<RunPorts["send"]>) => this.#gateway.send(room, ...to),
      isConnected: (memberId: string) => this.#gateway.isConnected({ room, memberId }),
      append: (event: RunEvent, after?: Uint8Array) => this.#store.append(event, after),
      openSpool: (id: string, attempt: number) => this.audits.openSpool(id, attempt),
      expand: (...job: Parameters<RunPorts["expand"]>) => this.#maskThreads.expand(...job),
      watch: (event: RunEvent | LiveEvent) => {
        for (const listener of this.#watchers.get(event.runId) ?? []) listener(event);
      },
    };
    return new Run(
      {
        runId,
        manifest,
        charter,
        identity: this.#identity,
        patience,
        startMs: 1000 * startSeconds,
        startedBy,
      },
      ports,
      log,
      state,
    );
  }
}

function checkMember({ room, members }: Charter, memberId: string): void {
  if (members.includes(memberId)) return;
  throw badInput(
    "member.unknown",
    `${memberId} is not among the members of room "${room}" (${members.join(", ")})`,
  );
}
