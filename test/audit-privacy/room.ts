/**
 * EDGE: an audited run, from its plan to its last round: the coordinator's calibration and noise, real members over
 * real secure aggregation, and real gates with their ledgers in a folder that goes away again. The attacker sees
 * what the coordinator stores, chooses the model, and has the members who may drop out and collude do so.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildManifest } from "../../coordinator/run/plan.ts";
import type { PartitionedData } from "../../models/data.ts";
import { contextOf } from "../../models/tasks/context.ts";
import type { TrainContext } from "../../models/tasks/train/shape.ts";
import type { TrainState } from "../../models/tasks/train/state.ts";
import { trainTask } from "../../models/tasks/train/train.ts";
import { assert } from "../../shared/base/assert.ts";
import { toHex } from "../../shared/base/bytes.ts";
import { type Rng, randomBytes } from "../../shared/base/env.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { Charter, charterHash } from "../../shared/charter/charter.ts";
import type { Manifest, Plan } from "../../shared/charter/manifest.ts";
import type { DataSchema } from "../../shared/charter/schema.ts";
import type { TrainTask } from "../../shared/charter/task-spec.ts";
import { identityFromSecret } from "../../shared/crypto/identity.ts";
import { recommendedOrder } from "../../shared/privacy/accounting/budget.ts";
import { memberIds } from "../support/charters.ts";
import { enrolled } from "../support/manifests.ts";
import { type Dropout, type GateAnswers, playRun } from "../support/whole-run.ts";
import { type GateSetting, realGate, silentGate, watchedGate } from "./gates.ts";
import { type UnsafeSteps, unsafeGate } from "./unsafe-gate.ts";

export const DELTA = 1e-5;
/** Of one member, where the setting does not say. */
const ROWS_MAX = 100_000;

/** Who is in the room, and how the noise gets in. */
export interface RoomSetting {
  readonly name: string;
  /** Null: a run without noise. */
  readonly epsilon: number | null;
  /** K: in the roster's order those with records, those who drop out, those who collude. */
  readonly members: number;
  readonly dropouts: number;
  readonly colluders: number;
  readonly placement: "distributed" | "local" | "central";
  readonly adaptive?: true;
  readonly encoding?: Plan["encoding"];
  readonly rowsMax?: number;
}

export interface AuditRoom {
  readonly setting: RoomSetting;
  readonly charter: Charter;
  readonly manifest: Manifest;
  readonly context: TrainContext;
  /** Members with records who stay. */
  readonly honest: number;
  readonly seed: string;
}

/** A room whose run is planned as the coordinator plans one. @param seed Makes another run of the same plan. */
export function auditRoom(
  setting: RoomSetting,
  schema: DataSchema,
  task: TrainTask,
  unitsExpected: number,
  seed: string,
): AuditRoom {
  const { epsilon, members, dropouts, colluders, placement } = setting;
  const ids = memberIds(members);
  const charter = Charter.parse({
    version: 1,
    room: "audit-room",
    purpose: "audit",
    members: ids,
    schema,
    tasks: ["train"],
    minimums: { members: 3, rows: 1 },
    rowsMax: setting.rowsMax ?? ROWS_MAX,
    privacy: {
      budget: epsilon && { epsilon, delta: DELTA, rdpOrder: recommendedOrder(epsilon, DELTA) },
      unnoisedRuns: "allowed",
      centralNoise: "allowed",
      unitsExpected,
    },
  });
  const hash = charterHash(charter);
  // Under local noise everybody else may collude: that is not for the plan to say.
  const shares = placement === "distributed" ? { maxColluders: colluders } : {};
  const { encoding } = setting;
  const manifest = buildManifest({
    plan: {
      task,
      privacy: epsilon
        ? { epsilon, noisePlacement: placement, maxDropouts: dropouts, ...shares }
        : "none",
      ...(encoding && { encoding }),
    },
    charter,
    members: ids.map((id) => enrolled(id, hash)),
    coordinatorKey: toHex(coordinatorIdentity().publicKey),
    nowMs: 0,
    rng: reproducibleRng(`manifest ${seed}`),
  });
  const context = contextOf(charter, manifest);
  assert(isTraining(context), "an audited run trains");
  const honest = members - dropouts - colluders;
  return { setting, charter, manifest, context, honest, seed };
}

export interface AuditedRun {
  /** Records of a member, by its place in the roster. */
  readonly dataOf: (index: number) => PartitionedData;
  /** The model that the coordinator begins with. */
  readonly begin?: TrainState;
  /** Colluders keep to the protocol and have records; left out: they add nothing, as if subtracted. */
  readonly colludersTakePart?: true;
  /** Planted bugs of the members with records; left out: real gates. */
  readonly stepsOf?: (index: number) => UnsafeSteps;
  /** What members draw from; left out: seeded by room and member. */
  readonly rngOf?: (index: number) => Rng;
  /** The round in which those drop out who may. */
  readonly dropoutRound?: number;
  /** The task's state after every training round. */
  readonly onState: (state: TrainState, survivors: readonly string[]) => void;
  /** A training vector of a member before it was masked. */
  readonly onVector?: (index: number, attempt: number, ring: Uint32Array) => void;
}

/** @throws {Error} If the run does not complete. */
export function playAudited(room: AuditRoom, run: AuditedRun): void {
  const { charter, manifest, context, seed } = room;
  const folder = mkdtempSync(join(tmpdir(), "audit-"));
  const closing: (() => void)[] = [];
  try {
    playRun({
      charter,
      manifest,
      coordinator: coordinatorIdentity(),
      noiseSeed: `central ${seed}`,
      dropouts: dropoutsOf(room, run.dropoutRound ?? 0),
      ...(run.begin && { state: trainTask.encodeState(run.begin) }),
      gateOf: (memberId, index) => gateOf(room, run, { memberId, index, folder, closing }),
      append: (event, state) => {
        if (event.type !== "roundReleased" || event.askKind !== "gradient" || !state) return;
        run.onState(trainTask.decodeState(context, state), event.survivors);
      },
    });
  } finally {
    for (const close of closing) close();
    rmSync(folder, { recursive: true });
  }
}

interface Place {
  readonly memberId: string;
  readonly index: number;
  readonly folder: string;
  readonly closing: (() => void)[];
}

function gateOf(room: AuditRoom, run: AuditedRun, place: Place): GateAnswers {
  const { memberId, index, folder, closing } = place;
  const { charter, manifest, setting, seed } = room;
  const colludes = index >= setting.members - setting.colluders;
  if (colludes && !run.colludersTakePart) return silentGate(room);
  const rng = run.rngOf?.(index) ?? reproducibleRng(`gate ${seed} ${memberId}`);
  const own: GateSetting = { charter, manifest, memberId, data: run.dataOf(index), rng };
  const answers = run.stepsOf
    ? unsafeGate(own, run.stepsOf(index))
    : openGate(own, join(folder, `${memberId}.db`), closing);
  const { onVector } = run;
  if (!onVector) return answers;
  return watchedGate(answers, room, (attempt, askKind, ring) => {
    if (askKind === "gradient") onVector(index, attempt, ring);
  });
}

function openGate(setting: GateSetting, path: string, closing: (() => void)[]): GateAnswers {
  const { answers, close } = realGate(setting, path);
  closing.push(close);
  return answers;
}

function dropoutsOf({ setting, honest }: AuditRoom, round: number): Dropout[] {
  return Array.from({ length: setting.dropouts }, (_, i) => ({ member: honest + i, round }));
}

function coordinatorIdentity() {
  return identityFromSecret(randomBytes(reproducibleRng("coordinator"), 32));
}

function isTraining(context: ReturnType<typeof contextOf>): context is TrainContext {
  return context.spec.kind === "train";
}
