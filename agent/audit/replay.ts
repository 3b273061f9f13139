/** EDGE: `cloister audit replay`: fetches a round from the coordinator and believes nothing of it. */
import { contextOf } from "../../models/tasks/context.ts";
import { type Reading, readSum, wireShape } from "../../models/tasks/reading.ts";
import { type Check, checked } from "../../shared/audit/check.ts";
import { AuditRecord } from "../../shared/audit/record.ts";
import type { RoundClaim } from "../../shared/audit/record-fault.ts";
import { type Replayed, replayRound } from "../../shared/audit/replay.ts";
import { type AuditedRun, checkRun } from "../../shared/audit/run-claim.ts";
import { witnessCheck } from "../../shared/audit/witness.ts";
import { fromHex } from "../../shared/base/bytes.ts";
import { badInput, CloisterError } from "../../shared/base/errors.ts";
import { sumParams } from "../../shared/charter/manifest.ts";
import type { OwnSide } from "./own.ts";

/** Where rounds are read from. */
export interface AuditSource {
  bytes(path: string, bytesMax: number): Promise<Uint8Array>;
}

export interface AuditOptions {
  /** A run's id or the beginning of one. */
  readonly run: string;
  readonly round: number;
  readonly source: AuditSource;
  /** Null for the operator, who has no evidence of its own. */
  readonly own: OwnSide | null;
}

export interface AuditedRound {
  readonly runId: string;
  readonly record: AuditRecord;
  readonly sum: Uint32Array;
  readonly reading: Reading;
}

const JSON_BYTES_MAX = 256 * 1024 * 1024;

/** Yields each check as it is made, and ends after the first that fails. @returns Null if one failed. */
export async function* auditRound(
  options: AuditOptions,
): AsyncGenerator<Check, AuditedRound | null> {
  const { source, own, round } = options;
  const asked = own ? ownRun(options.run, own) : options.run;
  const served = await fetchJson(source, `/v1/runs/${encodeURIComponent(asked)}/manifest`);
  const run = yield* checkRun(asked, served ?? {}, own?.facts ?? null);
  if (!run) return null;
  const path = `/v1/runs/${run.runId}/rounds/${round}`;
  const record = AuditRecord.safeParse(await fetchJson(source, `${path}/audit`)).data;
  if (!record) {
    yield checked("record", "what was handed out is not an audit record", "");
    return null;
  }
  const replayed = yield* replayRound(claimOf(run, round, record), {
    prekeys: (bytesMax) => source.bytes(`${path}/prekeys`, bytesMax),
    vector: (memberId, bytesMax) => source.bytes(`${path}/audit/${memberId}`, bytesMax),
  });
  if (!replayed) return null;
  if (own && (yield* holdAgainst(own, record, replayed)).status === "fails") return null;
  const { runId, manifest, charter } = run;
  const reading = readSum(contextOf(charter, manifest), manifest, record, replayed.sum);
  return { runId, record, sum: replayed.sum, reading };
}

function* holdAgainst(
  own: OwnSide,
  record: AuditRecord,
  replayed: Replayed,
): Generator<Check, Check> {
  const key = fromHex(own.facts.coordinatorKey);
  const check = witnessCheck(key, own.entries, record, replayed);
  yield check;
  return check;
}

/** The run that the member itself was in, if it begins so: then no other can be put in its place. */
function ownRun(run: string, { entries }: OwnSide): string {
  const known = new Set(entries.map(({ runId }) => runId).filter((id) => id.startsWith(run)));
  const [only] = known;
  if (known.size > 1)
    throw badInput("run.unknown", `${run}: more than one run begins so; give more of its id`);
  return only ?? run;
}

function claimOf(
  { runId, manifest, charter }: AuditedRun,
  round: number,
  record: AuditRecord,
): RoundClaim {
  const context = contextOf(charter, manifest);
  const shapeOf = (askKind: string): ReturnType<RoundClaim["shapeOf"]> => {
    try {
      return wireShape(context, manifest, askKind);
    } catch (error) {
      if (error instanceof CloisterError) return null;
      throw error;
    }
  };
  return { sum: sumParams(manifest, charter, runId), round, record, shapeOf };
}

/** Null where it is not JSON. */
async function fetchJson(
  source: AuditSource,
  path: string,
): Promise<Record<string, unknown> | null> {
  const bytes = await source.bytes(path, JSON_BYTES_MAX);
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
    return typeof value === "object" ? (value as Record<string, unknown> | null) : null;
  } catch {
    return null;
  }
}
