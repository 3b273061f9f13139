/** What an agent's wire carries in a whole training run: no cell of its table and no update without its mask. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunningAgent, startAgent } from "../../agent/agent.ts";
import { loadDataset } from "../../agent/data/dataset.ts";
import { enrol } from "../../agent/enrol.ts";
import { encodeContribution } from "../../agent/gate/encode.ts";
import { Vault } from "../../agent/vault.ts";
import { CoordinatorConfig } from "../../coordinator/config.ts";
import { CoordinatorService } from "../../coordinator/service.ts";
import { contextOf } from "../../models/tasks/context.ts";
import { taskFor } from "../../models/tasks/registry.ts";
import { wireFormat } from "../../models/tasks/wire.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import { type Manifest, Plan } from "../../shared/charter/manifest.ts";
import { encode } from "../../shared/protocol/codec.ts";
import { Inbox } from "../../shared/protocol/inbox.ts";
import { CoordinatorMessage } from "../../shared/protocol/messages.ts";
import { Session } from "../../shared/protocol/session.ts";
import { packRing, type RingBits } from "../../shared/secagg/ring.ts";
import { memberIds, smallCharter, smallTable } from "../support/charters.ts";
import { cellSecrets, findLeaks, ringSecrets, type Secret, updateSecrets } from "./leaks.ts";
import { parseWire, type Recording, recordingProxy } from "./recording.ts";

const members = memberIds(3);
const charter = smallCharter(members);
const folder = mkdtempSync(join(tmpdir(), "cloister-bytes-"));
const recordings = new Map<string, Recording>();
const agents: RunningAgent[] = [];
let service: CoordinatorService;
let manifest: Manifest;
let runId = "";

const plan = Plan.parse({
  privacy: "none",
  task: {
    kind: "train",
    model: { hidden: [4] },
    scaling: "bounds",
    strategy: { kind: "fedAvg", rounds: 3, batchSize: 16, learningRate: 0.05 },
    evaluation: { everyRounds: null, bins: 16 },
  },
});

async function join3(memberId: string, port: number): Promise<void> {
  const recording = await recordingProxy(port);
  recordings.set(memberId, recording);
  const own = join(folder, memberId);
  mkdirSync(own);
  const dataPath = join(folder, `${memberId}.csv`);
  writeFileSync(dataPath, smallTable(memberId, 120));
  const { token } = service.invite(undefined, memberId);
  const vault = new Vault(own);
  const url = `ws://127.0.0.1:${recording.port}`;
  const address = { url, caPath: undefined, allowPlain: undefined };
  await enrol(vault, { ...address, token, dataPath, folder: own });
  vault.close();
  await new Promise<void>((resolve, reject) => {
    const onEvent = (event: { type: string; state?: string }): void => {
      if (event.state === "connected") resolve();
    };
    startAgent({ folder: own, onEvent }).then((agent) => agents.push(agent), reject);
  });
}

beforeAll(async () => {
  const dataDir = join(folder, "coordinator");
  mkdirSync(dataDir);
  service = new CoordinatorService(CoordinatorConfig.parse({ listen: { port: 0 }, dataDir }));
  const port = await service.listen();
  service.createRoom(charter);
  await Promise.all(members.map((memberId) => join3(memberId, port)));
  ({ runId } = service.startRun(plan));
  const outcome = await new Promise<string>((resolve) => {
    service.watch(runId, ({ type }) => {
      if (type === "completed" || type === "failed") resolve(type);
    });
  });
  expect(outcome).toBe("completed");
  manifest = service.findRun(runId).manifest;
}, 20_000);

afterAll(async () => {
  await Promise.all(agents.map((agent) => agent.close()));
  await Promise.all([...recordings.values()].map((recording) => recording.close()));
  await service.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Everything that a member's connections sent: the upgrades too. */
function sentBy(memberId: string): Buffer[] {
  return (recordings.get(memberId)?.connections ?? []).flatMap(({ sent }) => {
    const { head, frames } = parseWire(sent);
    return [head, ...frames];
  });
}

/** What the coordinator asked of a member, out of the recording: attempts, kinds, inputs. */
function asksOf(memberId: string): { attempt: number; kind: string; input: Float32Array }[] {
  const last = recordings.get(memberId)?.connections.at(-1);
  const session = new Session("reader");
  const inbox = new Inbox<CoordinatorMessage>(CoordinatorMessage, "whole");
  return parseWire(last?.received ?? [])
    .binary.slice(2) // Challenge and welcome.
    .flatMap((frame) => {
      frame.fill(0, 5, 9); // It acknowledges what this reader never sent.
      const taken = inbox.take(session.receive(frame));
      if (taken.type === "fault") throw new Error(taken.code);
      if (taken.type !== "delivery" || taken.delivery.message.type !== "roundOpened") return [];
      const { message, vector } = taken.delivery;
      const input = new Float32Array(Uint8Array.from(vector).buffer);
      return [{ attempt: message.attempt, kind: message.askKind, input }];
    });
}

interface Unmasked {
  readonly update: Float64Array;
  readonly ring: Uint32Array;
  readonly bits: RingBits;
}

/** A member's contributions before their masks, computed again with the run's own seeds. */
async function unmaskedOf(memberId: string): Promise<Unmasked[]> {
  const { data } = await loadDataset(join(folder, `${memberId}.csv`), charter.schema, {
    holdoutFraction: charter.holdoutFraction,
    holdoutSalt: charter.room,
  });
  const context = contextOf(charter, manifest);
  const task = taskFor(manifest.task);
  const seed = manifest.task.kind === "train" ? manifest.task.model.seed : runId;
  return asksOf(memberId).map(({ attempt, kind, input }) => {
    const rng = (use: string) => reproducibleRng(`${seed}/${memberId}/${attempt}/${use}`);
    const shape = task.shapeOf(context, kind);
    const update = task.contribute(context, { kind, input }, data, rng("work"));
    const params = { shape, manifest, runId, attempt };
    const ring = encodeContribution(update, params, new UniformSource(rng("rounding")));
    return { update, ring, bits: wireFormat(shape, manifest).ringBits };
  });
}

async function secretsOf(memberId: string): Promise<Secret[]> {
  const unmasked = await unmaskedOf(memberId);
  return [
    ...cellSecrets(smallTable(memberId, 120)),
    ...unmasked.flatMap(({ update }) => updateSecrets(update)),
    ...unmasked.flatMap(({ ring, bits }) => ringSecrets(ring, bits)),
  ];
}

test("no byte that an agent sends in a whole run holds a cell or an unmasked update", async () => {
  for (const memberId of members) {
    const secrets = await secretsOf(memberId);
    expect(asksOf(memberId)).toHaveLength(4); // Three rounds and the evaluation.
    expect(secrets.filter(({ what }) => what.startsWith("text"))).not.toHaveLength(0);
    expect(secrets.filter(({ what }) => what.startsWith("ring"))).not.toHaveLength(0);
    const sent = sentBy(memberId);
    const vectorBytes = (await unmaskedOf(memberId)).reduce(
      (sum, { ring, bits }) => sum + packRing(ring, bits).length,
      0,
    );
    expect(Buffer.concat(sent).length).toBeGreaterThan(vectorBytes);
    expect(findLeaks(sent, secrets)).toEqual([]);
  }
});

test("the same search finds a cell that is planted in a message", async () => {
  const cell = smallTable("bank-1", 120).split("\n")[1]?.split(",")[1] ?? "";
  const reason = { code: "withdrawn", message: `bad value ${cell}` };
  const message = { type: "withdrawn", runId, attempt: 1, reason };
  const frame = new Session("planted").sendControl(encode(message));
  const sent = [...sentBy("bank-1"), frame];
  expect(findLeaks(sent, await secretsOf("bank-1"))).toEqual([`text ${cell}`]);
});

test("the same search finds an update that is planted without its mask", async () => {
  for (const { update, ring, bits } of (await unmaskedOf("bank-1")).slice(0, 1)) {
    const secrets = await secretsOf("bank-1");
    const packed = new Session("planted").sendVector(packRing(ring, bits));
    expect(findLeaks([...sentBy("bank-1"), ...packed], secrets)).not.toEqual([]);
    const floats = new Uint8Array(Float32Array.from(update).buffer);
    const plain = new Session("planted").sendVector(floats);
    expect(findLeaks([...sentBy("bank-1"), ...plain], secrets)).not.toEqual([]);
  }
});
