/** A member that has proved who it is and then sends nonsense: it is refused by code, and nobody else is disturbed. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { encode } from "../../shared/protocol/codec.ts";
import { REPLACED } from "../../shared/protocol/limits.ts";
import { AgentMessage } from "../../shared/protocol/messages.ts";
import { badFrames } from "../support/bad-frames.ts";
import { memberIds } from "../support/charters.ts";
import { EMPTY_VECTOR, exampleMessages } from "../support/examples.ts";
import type { RoomProcesses } from "../support/processes.ts";
import { RawAgent } from "../support/raw-agent.ts";
import {
  follow,
  openRoom,
  PATIENCE,
  probe,
  type RunLine,
  released,
  releasedRounds,
  roundsUpTo,
  startRun,
} from "../support/rooms.ts";

const ROUNDS = 150;
const honest = memberIds(3);
const FAULTY = "bank-4";
const folder = mkdtempSync(join(tmpdir(), "cloister-faulty-agent-"));
let room: RoomProcesses;
let agent: RawAgent;

beforeAll(async () => {
  const patience = { ...PATIENCE, startSeconds: 0.2 }; // The faulty member never joins a run.
  room = await openRoom({ folder, members: honest, others: [FAULTY], patience });
  const body = { memberId: FAULTY };
  const { token } = await room.client.post<{ token: string }>("/v1/invitations", body);
  agent = await RawAgent.enrol(room.url, token);
});

afterAll(async () => {
  for (const process of room.agents.values()) process.kill("SIGCONT");
  await room.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Sends bad frames, each in a session of its own, and waits for the coordinator to hang up. */
async function sendAllBadFrames(): Promise<void> {
  for (const { what, code, frames } of badFrames(AgentMessage)) {
    const connection = await agent.connect();
    connection.send(...frames(connection.session));
    const closing = await connection.closed;
    if (code === "frameTooLarge") expect([1006, 1009]).toContain(closing.code);
    else expect({ what, ...closing }).toEqual({ what, code: 1002, reason: code });
  }
}

/** Valid messages of every kind at any time: for this run and another, this attempt and others. */
async function sendAllAtAnyTime(runId: string, attempt: number): Promise<void> {
  const connection = await agent.connect();
  for (const which of [runId, "0".repeat(64)]) {
    for (const number of [attempt, attempt + 1, 0, 0xffff_ffff]) {
      const given = { ...EMPTY_VECTOR, runId: which, attempt: number, of: FAULTY, to: FAULTY };
      for (const message of exampleMessages(AgentMessage, given)) {
        connection.send(connection.session.sendControl(encode(message)));
      }
    }
  }
  connection.send(connection.session.sendControl(encode({ type: "the end" })));
  expect(await connection.closed).toEqual({ code: 1002, reason: "unknownMessage" });
}

test("whatever a member sends, it is refused by code and the others' run completes", async () => {
  const runId = await startRun(room, probe(ROUNDS));
  let attempt = -1;
  let released3 = (): void => undefined;
  const underWay = new Promise<void>((resolve) => {
    released3 = resolve;
  });
  const watched = follow(room, runId, (line) => {
    attempt = line.attempt ?? attempt;
    if (line.type === "roundReleased" && line.round === 3) released3();
  });
  await underWay;
  await sendAllBadFrames();
  room.agents.get("bank-1")?.kill("SIGSTOP"); // The attempt under way stays what it is.
  await sendAllAtAnyTime(runId, attempt);
  const replaced = await agent.connect();
  const replacing = await agent.connect();
  expect((await replaced.closed).code).toBe(REPLACED);
  replacing.send(new Uint8Array());
  await replacing.closed;
  room.agents.get("bank-1")?.kill("SIGCONT");

  const lines = await watched;
  expect(lines.at(-1)?.type).toBe("completed");
  expect(releasedRounds(lines)).toEqual(roundsUpTo(ROUNDS));
  for (const { survivors } of released(lines)) expect(survivors).toEqual(honest);
  expectFaultsReported(lines);
});

/** Of the session with valid messages, and of the one that took another one's place. */
const LAST_CODES = ["unknownMessage", "frameTooShort"];

function expectFaultsReported(lines: readonly RunLine[]): void {
  const faults = lines.filter(({ type }) => type === "fault");
  for (const { memberId } of faults) expect(memberId).toBe(FAULTY);
  const codes = faults.map(({ code }) => code ?? "");
  const expected = [...badFrames(AgentMessage).map(({ code }) => code), ...LAST_CODES];
  const isSessionCode = (code: string): boolean => expected.includes(code);
  const count = (list: readonly string[], code: string): number =>
    list.filter((other) => other === code).length;
  for (const code of expected) {
    expect(count(codes, code), code).toBeGreaterThanOrEqual(count(expected, code));
  }
  // What the run and the attempt under way gave: the phase was wrong, or the signature.
  const rejections = codes.filter((code) => !isSessionCode(code));
  expect(rejections).toContain("wrongRun");
  expect(rejections.some((code) => code !== "wrongRun")).toBe(true);
  // It left once per broken session, and not when another one took its place.
  const left = lines.filter(({ type, memberId }) => type === "left" && memberId === FAULTY);
  expect(left).toHaveLength(expected.length);
}

test("nothing of it reaches a terminal, and the coordinator takes the next run", async () => {
  const runId = await startRun(room, probe(3));
  const lines = await follow(room, runId);
  expect(releasedRounds(lines)).toEqual(roundsUpTo(3));
  const processes = [room.coordinator, ...room.agents.values()];
  expect(processes.map(({ errors }) => errors)).toEqual(processes.map(() => ""));
});
