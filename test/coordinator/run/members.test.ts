/** Members' keys on their way to one another: what is relayed, and what has lost its meaning on the way. */
import { expect, test } from "vitest";
import type { RunEvent } from "../../../coordinator/run/events.ts";
import { RunMembers } from "../../../coordinator/run/members.ts";
import type { RunPorts } from "../../../coordinator/run/ports.ts";
import type { EngineName } from "../../../shared/base/engine-name.ts";
import { randomBytes } from "../../../shared/base/env.ts";
import type { CoordinatorMessage } from "../../../shared/protocol/messages.ts";
import { signJoin } from "../../../shared/secagg/channel.ts";
import { unsafeSeededRng } from "../../simulation/dice.ts";
import { roomOf, runIn } from "../../simulation/room.ts";
import { PATIENCE } from "../../simulation/virtual-coordinator.ts";
import { VirtualTime } from "../../simulation/virtual-time.ts";

const run = runIn(roomOf(3), "run-members", 1, 4);
const rng = unsafeSeededRng("run-members");

function openMembers() {
  const { runId, manifest, room, sum } = run;
  const sent: { to: readonly string[]; message: CoordinatorMessage }[] = [];
  const ports: RunPorts = {
    clock: new VirtualTime(),
    rng,
    send: (to, message) => void sent.push({ to, message }),
    isConnected: () => true,
    append: () => undefined,
    openSpool: () => {
      throw new Error("no attempt is opened here");
    },
    expand: () => undefined,
    watch: () => undefined,
  };
  const { charter, coordinator: identity } = room;
  const params = {
    runId,
    manifest,
    charter,
    decisions: [],
    identity,
    patience: PATIENCE,
    startMs: 0,
  };
  const told: RunEvent[] = [];
  const members = new RunMembers(params, sum, ports, [], (event) => told.push(event));
  const join = (index: number, engine: EngineName | null = null): string | null => {
    const member = room.members[index];
    if (!member) throw new Error("no such member");
    const keys = { channelKey: randomBytes(rng, 32), kemKey: new Uint8Array() };
    const named = { ...keys, nonceRoot: new Uint8Array() };
    const signed = signJoin(runId, member.memberId, named, member.identity);
    return members.take(index, { type: "runJoined", runId, ...signed, engine });
  };
  const answer = (from: number, to: number): string | null => {
    const secrets = [{ to, ciphertext: new Uint8Array(1088), tag: new Uint8Array(16) }];
    return members.take(from, { type: "channelSecrets", runId, nonce: new Uint8Array(), secrets });
  };
  const relayed = (): number =>
    sent.filter(({ message }) => message.type === "channelSecret").length;
  return { members, join, answer, relayed, told };
}

test("the half of a channel that a member made goes to whom it was made for", () => {
  const { join, answer, relayed } = openMembers();
  expect([join(0), join(1)]).toEqual([null, null]);
  answer(0, 1); // Answers that nobody had joined before it.
  expect(relayed()).toBe(0);
  answer(0, 1);
  expect(relayed()).toBe(1);
});

test("what was made for keys that are gone is not passed on: its maker would look like a forger", () => {
  const { members, join, answer, relayed } = openMembers();
  expect([join(0), join(1)]).toEqual([null, null]);
  answer(0, 1);
  members.lost(1);
  expect(join(1)).toBeNull();
  answer(0, 1); // To the first keys of member 1.
  expect(relayed()).toBe(0);
  answer(0, 1); // To its new ones.
  expect(relayed()).toBe(1);
});

test("what computes at a member is logged once, and again where it is another", () => {
  const { members, join, told } = openMembers();
  for (const engine of ["wasm-simd", "wasm-simd", "plain"] as const) {
    expect(join(0, engine)).toBeNull();
    members.lost(0);
  }
  expect(join(1)).toBeNull();
  const engines = told.map((event) => event.type === "engineTold" && event.engine);
  expect(engines).toEqual(["wasm-simd", "plain"]);
});
