/** A member's agent is started a second time, as happens where a service restarts what a person left running. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { memberIds, smallCharter, smallTable } from "../support/charters.ts";
import { type ServiceRoom, serviceRoom } from "../support/service-room.ts";

const folder = mkdtempSync(join(tmpdir(), "cloister-second-"));
const members = memberIds(3);
let room: ServiceRoom;

beforeAll(async () => {
  const tables = new Map(members.map((memberId) => [memberId, smallTable(memberId, 40)]));
  room = await serviceRoom({ folder, charter: smallCharter(members), tables });
});

afterAll(async () => {
  await room.close();
  rmSync(folder, { recursive: true, force: true });
});

test("the second takes over, and the first stops and says why, instead of fighting for the session", async () => {
  const first = room.agents.get("bank-2");
  const replaced = { code: "agent.replaced", exitCode: 4 };
  const stopped = expect(first?.done).rejects.toMatchObject(replaced);
  await room.start("bank-2");
  await stopped;
  await first?.close();
});
