/** EDGE: a running coordinator: store, gateway, HTTP, and the runs under way. Wiring only. */
import type { Server } from "node:http";
import { join } from "node:path";
import { getRequestListener } from "@hono/node-server";
import { toHex } from "../shared/base/bytes.ts";
import type { Charter } from "../shared/charter/charter.ts";
import { fromWire } from "../shared/charter/decision.ts";
import type { Plan, PlanRequest } from "../shared/charter/manifest.ts";
import type { RosterAnswer } from "../shared/charter/roster.ts";
import { type Identity, identityFromSecret } from "../shared/crypto/identity.ts";
import { writeFileAtomic } from "../shared/edge/files.ts";
import { MaskThreads } from "../shared/edge/mask-threads.ts";
import { osClock, osRng } from "../shared/edge/os.ts";
import type { Delivery } from "../shared/protocol/inbox.ts";
import type { AgentMessage } from "../shared/protocol/messages.ts";
import type { TokenRequest } from "./access/token.ts";
import type { AccessTokens, IssuedToken } from "./access/tokens.ts";
import { adminTokenPath, type CoordinatorConfig, patienceOf } from "./config.ts";
import { Gateway } from "./gateway.ts";
import { httpApi } from "./http/app.ts";
import type { MemberAddress } from "./peer.ts";
import { Amendments } from "./room/amendments.ts";
import { Releases } from "./room/releases.ts";
import { checkMember, Rooms } from "./room/rooms.ts";
import { TranscriptSync } from "./room/transcript-sync.ts";
import { Audits } from "./run/audits.ts";
import { RunCatalog } from "./run/catalog.ts";
import { begunWith, resolvedPlan } from "./run/evaluated.ts";
import { foldRun, type RunEvent, type RunSummary, type StartedBy } from "./run/events.ts";
import { MatchRun } from "./run/match-run.ts";
import { type ActiveRun, isRunMessage, type LiveEvent, type RunPorts } from "./run/ports.ts";
import { Proposals } from "./run/proposals.ts";
import { recordRun } from "./run/record.ts";
import { Run } from "./run/run.ts";
import { createServer, listen } from "./server.ts";
import { Store } from "./store.ts";

const TICK_MS = 50;
const RETENTION_MS = 3_600_000;

export class CoordinatorService {
  readonly #config: CoordinatorConfig;
  readonly #store: Store;
  readonly rooms: Rooms;
  readonly amendments: Amendments;
  /** What is kept of released rounds. */
  readonly audits: Audits;
  readonly catalog: RunCatalog;
  readonly releases: Releases;
  readonly #maskThreads = new MaskThreads();
  readonly #identity: Identity;
  readonly #server: Server;
  readonly #gateway: Gateway;
  readonly #runs = new Map<string, ActiveRun>();
  readonly #proposals: Proposals;
  readonly transcripts: TranscriptSync;
  readonly #watchers = new Map<string, Set<(event: RunEvent | LiveEvent) => void>>();
  readonly #ticks: NodeJS.Timeout;
  readonly #retention: NodeJS.Timeout;

  constructor(config: CoordinatorConfig) {
    this.#config = config;
    this.#store = new Store(join(config.dataDir, "coordinator.db"), osClock);
    this.audits = new Audits(join(config.dataDir, "audit"), config.audit.keepRounds);
    this.#identity = identityFromSecret(this.#store.secret("identity", osRng));
    this.rooms = new Rooms(this.#store, this.#identity.publicKey);
    this.amendments = new Amendments(this.#store, this.rooms, osClock);
    const adminToken = toHex(this.#store.secret("adminToken", osRng));
    writeFileAtomic(adminTokenPath(config.dataDir), `${adminToken}\n`, 0o600);
    this.catalog = new RunCatalog(this.#store);
    this.releases = new Releases({
      clock: osClock,
      endOf: ({ runId, manifest }) => this.#store.transcripts.endOf(manifest.room, runId),
      keyOf: (room, memberId) => this.rooms.keyOf({ room, memberId }),
      append: (event) => this.#store.append(event),
    });
    const { failuresPerMinute } = config.access;
    const listener = getRequestListener(httpApi(this, { adminToken, failuresPerMinute }).fetch);
    this.#server = createServer(config, listener);
    this.#gateway = this.#openGateway();
    this.#proposals = new Proposals({
      clock: osClock,
      append: (event) => {
        this.#store.append(event);
        this.#tellWatchers(event);
      },
      send: (...to) => this.#gateway.send(...to),
    });
    this.transcripts = new TranscriptSync({
      identity: this.#identity,
      book: this.#store.transcripts,
      append: (...signed) => this.#store.tellAll(...signed),
      identityKeyOf: (member) => this.rooms.identityKeyOf(member),
      send: (...to) => this.#gateway.send(...to),
    });
    for (const runId of this.#store.runIds()) this.#resume(runId);
    this.#ticks = setInterval(() => this.#tick(), TICK_MS);
    this.#retention = setInterval(() => this.#forgetOutdated(), RETENTION_MS);
  }

  /** @returns The port. @throws {CloisterError} If the port is taken, or plain traffic would leave this machine. */
  async listen(): Promise<number> {
    const port = await listen(this.#server, this.#config);
    // Not before: with the port in use another coordinator may be at work in the same folder.
    this.audits.deleteLeftovers();
    this.#forgetOutdated();
    return port;
  }

  async close(): Promise<void> {
    clearInterval(this.#ticks);
    clearInterval(this.#retention);
    this.#gateway.close();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#store.close();
    await this.#maskThreads.close();
  }

  /** Asks the members; the run begins once enough of them approve. */
  propose(asked: Plan | PlanRequest, startedBy?: StartedBy): { runId: string } {
    const charter = this.rooms.charter(asked.room);
    const plan = resolvedPlan(asked, charter, this.catalog);
    return { runId: this.#proposals.propose(charter, this.rooms.manifestFor(plan), startedBy) };
  }

  /** Takes a proposed run back, or ends one that is under way. Of a run that is over already: nothing more. */
  cancel({ runId, status }: RunSummary): { runId: string } {
    if (status === "proposed") this.#proposals.cancel(runId);
    if (status === "running") this.#runs.get(runId)?.cancel();
    return { runId };
  }

  /** A member has another key, or none: what lists the old one is void, and so is its session. All hear of it first. */
  keyGone(member: MemberAddress, key: string): void {
    this.transcripts.flush(member.room);
    this.#proposals.keyGone(member.room, key);
    this.#runOf(member)?.cancel();
    this.#gateway.end(member);
  }

  /** A run under way with the member knows it by its key. */
  readonly isAtWork = (member: MemberAddress): boolean => this.#runOf(member) !== null;

  createToken(request: TokenRequest): IssuedToken {
    const charter = this.rooms.charter(request.room);
    if (request.memberId !== undefined) checkMember(charter, request.memberId);
    return this.accessTokens.create({ ...request, room: charter.room }, osRng);
  }

  get accessTokens(): AccessTokens {
    return this.#store.accessTokens;
  }

  rosterAnswer(room: string | undefined): RosterAnswer {
    return this.rooms.rosterAnswer(room, this.isConnected);
  }

  readonly isConnected = (member: MemberAddress): boolean => this.#gateway.isConnected(member);

  events(runId: string): RunEvent[] {
    return this.#store.events(runId);
  }

  get publicKey(): Uint8Array {
    return this.#identity.publicKey;
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

  /** One run at a time in a room: the others wait for their turn. */
  #tick(): void {
    const busy = new Set<string>();
    for (const run of this.#runs.values()) {
      run.tick();
      if (run.status === "running") busy.add(run.room);
    }
    this.transcripts.tick(osClock.nowMs());
    for (const room of this.amendments.ripe()) {
      if (!busy.has(room)) this.#amend(room);
      busy.add(room);
    }
    const approved = this.#proposals.takeApproved(busy);
    if (approved) this.#resume(approved.runId, "begin");
  }

  /** Between runs. Members hear of it before anything is said under the new charter. */
  #amend(room: string): void {
    this.#proposals.amended(room);
    this.amendments.enforce(room);
    this.transcripts.flush(room);
  }

  /** What the charter gave a time to is deleted: the rounds first, then the model with the log's word on it. */
  #forgetOutdated(): void {
    const atMs = osClock.nowMs();
    for (const runId of this.catalog.outdated(atMs)) {
      this.audits.forget(runId);
      this.#store.forget({ type: "deleted", runId, atMs });
    }
  }

  #openGateway(): Gateway {
    return new Gateway(this.#server, {
      identity: this.#identity,
      identityKeyOf: (member) => this.rooms.identityKeyOf(member),
      offer: (token, identityKey) => this.rooms.offer(token, identityKey),
      enrol: (...seat) => this.rooms.enrol(...seat),
      onConnected: (member, resumed) => {
        if (!resumed) this.transcripts.connected(member);
        if (!resumed) this.#proposals.connected(member.room, member.memberId);
        this.#runOf(member)?.connected(member.memberId, resumed);
      },
      onDisconnected: (member) => this.#runOf(member)?.disconnected(member.memberId),
      onDelivery: (member, delivery) => this.#deliver(member, delivery),
      onPart: (member, message, bytes) =>
        this.#runOf(member)?.deliverPart(member.memberId, message, bytes),
      onFault: (member, code) => this.#watchAll(member, code),
    });
  }

  #deliver(member: MemberAddress, { message, vector }: Delivery<AgentMessage>): void {
    const { room, memberId } = member;
    if (isRunMessage(message)) return this.#runOf(member)?.deliver(memberId, { message, vector });
    const fault =
      message.type === "runDecided"
        ? this.#proposals.decide(room, fromWire(message.runId, memberId, message))
        : this.transcripts.hear(member, message);
    if (fault) this.#watchAll(member, fault);
  }

  #runOf({ room, memberId }: MemberAddress): ActiveRun | null {
    for (const run of this.#runs.values())
      if (run.status === "running" && run.hasMember(room, memberId)) return run;
    return null;
  }

  #tellWatchers(event: RunEvent | LiveEvent): void {
    for (const listener of this.#watchers.get(event.runId) ?? []) listener(event);
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

  /** Goes on with what the log says was under way, or begins what was approved. */
  #resume(runId: string, how: "restart" | "begin" = "restart"): void {
    const log = this.#store.events(runId);
    const summary = foldRun(log);
    if (!summary) return;
    const charter = this.rooms.charterOf(summary.manifest);
    const { manifest, decisions, status } = summary;
    if (status === "proposed" && how === "restart")
      return this.#proposals.resume({ runId, charter, manifest, decisions });
    if (status !== "proposed" && status !== "running") return;
    const state = this.#store.taskState(runId) ?? begunWith(charter, manifest, this.catalog);
    this.#runs.set(runId, this.#makeRun(charter, summary, log, state));
  }

  #makeRun(
    charter: Charter,
    { runId, manifest, decisions }: RunSummary,
    log: readonly RunEvent[],
    state: Uint8Array | null,
  ): ActiveRun {
    const { room } = charter;
    const ports = {
      clock: osClock,
      rng: osRng,
      send: (...to: Parameters<RunPorts["send"]>) => this.#gateway.send(room, ...to),
      isConnected: (memberId: string) => this.#gateway.isConnected({ room, memberId }),
      append: (event: RunEvent, after?: Uint8Array) =>
        recordRun(this.#store, charter, event, after),
      openSpool: (id: string, attempt: number) => this.audits.openSpool(id, attempt),
      expand: (...job: Parameters<RunPorts["expand"]>) => this.#maskThreads.expand(...job),
      watch: (event: RunEvent | LiveEvent) => this.#tellWatchers(event),
    };
    const what = { runId, manifest, charter, decisions, identity: this.#identity };
    const params = { ...what, ...patienceOf(this.#config) };
    if (manifest.task.kind === "match") return new MatchRun(params, ports, log);
    return new Run(params, ports, log, state);
  }
}
