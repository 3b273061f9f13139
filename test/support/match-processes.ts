/** EDGE: a whole matching over sockets of this machine: a coordinator here, every member in a process of its own. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { pack, unpack } from "msgpackr";
import { type WebSocket, WebSocketServer } from "ws";
import { toHex } from "../../shared/base/bytes.ts";
import { randomBytes } from "../../shared/base/env.ts";
import { identityFromSecret } from "../../shared/crypto/identity.ts";
import { osRng } from "../../shared/edge/os.ts";
import { type MatchReason, MemberMatchMessage } from "../../shared/matching/messages.ts";
import { MATCH_LIMITS, type MatchParams, matchPatienceMs } from "../../shared/matching/params.ts";
import { MatchRelay, type RelayEffect } from "../../shared/matching/relay.ts";
import type { MatchCounts } from "../../shared/matching/tally.ts";
import type { InventedSets, MatchCost, MatchProcess } from "./match-process.ts";

export interface MatchOutcome {
  readonly counts: MatchCounts | null;
  readonly reason: MatchReason | null;
  readonly costs: readonly MatchCost[];
  /** The coordinator's own, from the first join to the answer. */
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
}

export interface MatchSetting {
  readonly memberCount: number;
  readonly setSize: number;
  readonly chunkPoints?: number;
  readonly sets: InventedSets;
  /** Called with every chunk carried; may kill a member. */
  readonly onProgress?: (done: number, members: readonly ChildProcess[]) => void;
}

export async function matchOverSockets(setting: MatchSetting): Promise<MatchOutcome> {
  const { memberCount, setSize, sets } = setting;
  const secrets = Array.from({ length: memberCount }, () => randomBytes(osRng, 32));
  const roster = secrets.map((secret, i) => {
    return { memberId: `member-${i}`, identityKey: identityFromSecret(secret).publicKey };
  });
  const chunkPoints = setting.chunkPoints ?? MATCH_LIMITS.chunkPointsMax;
  const what = { identifierType: "email", purpose: "overlap" };
  const params = { runId: toHex(randomBytes(osRng, 32)), setSize, decoys: 0, chunkPoints, ...what };
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const ended = coordinate(server, { ...params, roster }, (done) =>
    setting.onProgress?.(done, members),
  );
  const wire = roster.map(({ memberId, identityKey }) => {
    return { memberId, identityKey: toHex(identityKey) };
  });
  const members = secrets.map((secret, index) => {
    const start = { port, index, secret: toHex(secret), params: { ...params, roster: wire }, sets };
    return startMember(start);
  });
  try {
    const outcome = await Promise.race([ended, ...members.map(endedEarly)]);
    const costs = await Promise.all(members.map(costOf));
    return { ...outcome, costs: costs.filter((cost) => cost !== null) };
  } finally {
    for (const member of members) member.kill();
    server.close();
  }
}

function startMember(start: MatchProcess): ChildProcess {
  return fork(new URL("./match-process.ts", import.meta.url), [JSON.stringify(start)]);
}

/** Rejects if a process fails of itself; one that is killed is missed by the coordinator. */
function endedEarly(member: ChildProcess): Promise<never> {
  return new Promise((_, reject) => {
    member.on("exit", (code) => {
      if (code !== null && code !== 0) reject(new Error(`a member's process ended with ${code}`));
    });
  });
}

/** Null: the process ended without. */
function costOf(member: ChildProcess): Promise<MatchCost | null> {
  if (member.exitCode !== null || member.signalCode !== null) return Promise.resolve(null);
  return new Promise((resolve) => {
    member.on("exit", () => resolve(null));
    member.on("message", (message: { type: string } & MatchCost) => {
      if (message.type === "cost") resolve(message);
    });
  });
}

/** Resolves when the matching is over. */
function coordinate(
  server: WebSocketServer,
  match: MatchParams,
  onProgress: (done: number) => void,
): Promise<Omit<MatchOutcome, "costs">> {
  const relay = new MatchRelay(
    { match, patienceMs: matchPatienceMs(match), rng: osRng },
    performance.now(),
  );
  const sockets = new Map<number, WebSocket>();
  const startedAtMs = performance.now();
  const started = process.cpuUsage();
  return new Promise((resolve) => {
    const settle = (counts: MatchCounts | null, reason: MatchReason | null): void => {
      const { user, system } = process.cpuUsage(started);
      const wallSeconds = (performance.now() - startedAtMs) / 1000;
      resolve({ counts, reason, cpuSeconds: (user + system) / 1e6, wallSeconds });
    };
    const follow = (effects: readonly RelayEffect[]): void => {
      for (const effect of effects) {
        if (effect.type === "send") sockets.get(effect.to)?.send(pack(effect.message));
        else if (effect.type === "counted") settle(effect.counts, null);
        else settle(null, effect.reason);
      }
    };
    server.on("connection", (socket, request) => {
      const index = Number(request.url?.slice(1));
      sockets.set(index, socket);
      socket.on("message", (frame: Buffer) => {
        follow(relay.hear(index, MemberMatchMessage.parse(unpack(frame)), performance.now()));
        onProgress(relay.progress.done);
      });
      socket.on("close", () => follow(relay.left(index)));
    });
  });
}
