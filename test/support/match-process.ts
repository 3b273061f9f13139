/**
 * EDGE: one member of a matching as a process of its own: its set, its threads, a socket to the coordinator. Sends its
 * parent what it took. Arguments: see `MatchProcess`, as JSON.
 */
import { pack, unpack } from "msgpackr";
import { WebSocket } from "ws";
import { Matching, type MatchingPorts } from "../../agent/gate/matching.ts";
import { fromHex } from "../../shared/base/bytes.ts";
import { identityFromSecret } from "../../shared/crypto/identity.ts";
import { osRng } from "../../shared/edge/os.ts";
import { RelayMatchMessage } from "../../shared/matching/messages.ts";
import type { MatchParams } from "../../shared/matching/params.ts";
import { matchSet } from "../../shared/matching/set.ts";

/** What a process is started with; keys are hexadecimal. */
export interface MatchProcess {
  readonly port: number;
  readonly index: number;
  readonly secret: string;
  readonly params: Omit<MatchParams, "roster"> & {
    readonly roster: readonly { readonly memberId: string; readonly identityKey: string }[];
  };
  readonly sets: InventedSets;
}

/** Sets that every process can make for itself: identifier i is in a member's set by bits of i's own. */
export interface InventedSets {
  readonly pool: number;
  readonly seed: number;
}

/** Those of `pool` identifiers that a member has: each with probability one half, each member for itself. */
export function* inventedSet({ pool, seed }: InventedSets, member: number): Generator<string> {
  for (let i = 0; i < pool; i++) {
    let bits = Math.imul(i + seed, 0x9e3779b1) ^ Math.imul(member + 1, 0x85ebca6b);
    bits = Math.imul(bits ^ (bits >>> 15), 0x2c1b3c6d);
    bits = Math.imul(bits ^ (bits >>> 13), 0x297a2d39);
    if (((bits ^ (bits >>> 16)) & 1) === 1) yield `customer-${i}@example.org`;
  }
}

/** What a member tells its parent as it ends. */
export interface MatchCost {
  readonly cpuSeconds: number;
  readonly peakMb: number;
  readonly bytesSent: number;
}

if (import.meta.main) run(JSON.parse(process.argv[2] ?? "{}") as MatchProcess);

function run({ port, index, secret, params, sets }: MatchProcess): void {
  const roster = params.roster.map(({ memberId, identityKey }) => {
    return { memberId, identityKey: fromHex(identityKey) };
  });
  const match = { ...params, roster };
  const identity = identityFromSecret(fromHex(secret));
  const set = matchSet(match, index, inventedSet(sets, index), osRng);
  const socket = new WebSocket(`ws://127.0.0.1:${port}/${index}`);
  let bytesSent = 0;
  const ports: MatchingPorts = {
    send: (message) => {
      const frame = pack(message);
      bytesSent += frame.length;
      socket.send(frame);
    },
    onProgress: (done, total) => void process.send?.({ type: "progress", done, total }),
    onFailure: (error) => {
      throw error;
    },
  };
  const matching = new Matching({ match, index, identity, rng: osRng }, set, ports, 1);
  socket.on("open", () => matching.begin());
  socket.on("message", (frame: Buffer) => {
    matching.hear(RelayMatchMessage.parse(unpack(frame)));
    if (!matching.isOver) return;
    const { user, system } = process.cpuUsage();
    const peakMb = process.resourceUsage().maxRSS / 1000;
    const cost: MatchCost = { cpuSeconds: (user + system) / 1e6, peakMb, bytesSent };
    void matching.close().then(() => {
      process.send?.({ type: "cost", ...cost });
      process.disconnect();
      socket.close();
    });
  });
}
