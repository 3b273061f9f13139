/** A private matching as every side derives it from the manifest and the charter. Pure. */
import { assert } from "../base/assert.ts";
import { fromHex } from "../base/bytes.ts";
import { decoysMax } from "../matching/decoys.ts";
import type { MatchParams } from "../matching/params.ts";
import type { Charter } from "./charter.ts";
import type { Manifest } from "./manifest.ts";

/** 32 KiB on the wire: an eighth of a second of one core's work. */
const CHUNK_POINTS = 1024;
/** What the points are for: others' are not alike. */
const PURPOSE = "match";

/** @param manifest One that the policy lets pass: of a match, whose column the schema lists. */
export function matchParams(
  { roster, task, privacy }: Manifest,
  { schema }: Charter,
  runId: string,
): MatchParams {
  assert(task.kind === "match", "the manifest of a match");
  const column = schema.identifiers?.find(({ name }) => name === task.column);
  assert(column !== undefined, "a column to match customers by");
  const decoys = privacy?.decoys ?? 0;
  return {
    runId,
    roster: roster.map(({ memberId, identityKey }) => {
      return { memberId, identityKey: fromHex(identityKey) };
    }),
    setSize: task.setSize + decoysMax(roster.length, decoys),
    decoys,
    chunkPoints: CHUNK_POINTS,
    identifierType: column.type,
    purpose: PURPOSE,
  };
}
