/** EDGE: `cloister audit verify`: a room's whole history from one file, without a network. */
import { existsSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { fromHex } from "../../shared/base/bytes.ts";
import { badInput, CloisterError, EXIT } from "../../shared/base/errors.ts";
import { fingerprint } from "../../shared/crypto/identity.ts";
import { readSmallFile } from "../../shared/edge/files.ts";
import { print, printJson } from "../../shared/edge/terminal.ts";
import type { RoomTrust, WholeHistory } from "../../shared/transcript/room/history.ts";
import { verifyRoom } from "../../shared/transcript/room/verify.ts";
import { copyPath } from "../transcript-copy.ts";
import { unlessGrowing } from "./growing.ts";
import { contradiction, type Knowledge, NOBODY, ownKnowledge, untold } from "./knowledge.ts";
import { reportData, reportLines } from "./room-report.ts";

export interface VerifyOptions {
  readonly folder?: string;
  readonly coordinator?: string;
  readonly json?: boolean;
}

/** The copy of a running agent trails what the agent saw by a moment: how often it is read anew before that is told. */
const TRAILING = { times: 10, pauseMs: 400 };

export async function verify(file: string | undefined, options: VerifyOptions): Promise<void> {
  const { known, ...first } = await readVerified(file, options);
  let { whole } = first;
  const times = file === undefined ? TRAILING.times : 0;
  for (let i = 0; i < times && untold(known, whole.state).length > 0; i++) {
    await setTimeout(TRAILING.pauseMs);
    whole = (await readVerified(file, options)).whole;
  }
  const remarks = [...whole.state.remarks, ...untold(known, whole.state)];
  if (options.json) return printJson(reportData(whole, remarks));
  for (const line of reportLines(whole, remarks)) print(line);
}

export interface VerifiedCopy {
  /** The file as it is. */
  readonly copy: Uint8Array;
  readonly whole: WholeHistory;
  readonly known: Knowledge;
}

/**
 * @param file Left out: the own copy of the agent in the folder.
 * @throws {CloisterError} If there is none, or it does not hold, by itself or against what the folder knows.
 */
export async function readVerified(
  file: string | undefined,
  options: VerifyOptions,
): Promise<VerifiedCopy> {
  const own = file === undefined ? (options.folder ?? "agent-data") : options.folder;
  const path = file ?? copyPath(own ?? "");
  if (file === undefined && !existsSync(path))
    throw badInput("transcript.none", `${path}: this agent has no copy of its room's history yet`);
  return unlessGrowing(path, () => heldAgainst(own, path, options));
}

function heldAgainst(
  own: string | undefined,
  path: string,
  { coordinator }: VerifyOptions,
): VerifiedCopy {
  const known = own === undefined ? NOBODY : ownKnowledge(own);
  const copy = readSmallFile(path);
  const whole = verified(path, copy, known.trust);
  const signer = fingerprint(fromHex(whole.state.coordinatorKey));
  if (coordinator !== undefined && coordinator !== signer)
    throw caught(`${path}: signed by coordinator ${signer}, and not by ${coordinator}`);
  const contradicted = contradiction(known, whole.state);
  if (contradicted !== null) throw caught(`${path}: ${contradicted}`);
  return { copy, whole, known };
}

/** @throws {CloisterError} If it does not hold: exit code 6, the first bad entry named. */
export function verified(path: string, copy: Uint8Array, trust: RoomTrust): WholeHistory {
  const verdict = verifyRoom(copy, trust);
  if (verdict.type === "holds") return verdict;
  const { fault, line } = verdict;
  const place = fault.entry === null ? `line ${line}` : `entry ${fault.entry} (line ${line})`;
  throw caught(`${path}: ${place}: ${fault.text}`);
}

function caught(message: string): CloisterError {
  return new CloisterError("audit.transcript", message, EXIT.caught);
}
