/** EDGE: `cloister audit compare` on copies of a room's history: do they part, and where? */

import { fromHex } from "../../shared/base/bytes.ts";
import { counted } from "../../shared/base/counted.ts";
import { badInput, CloisterError, EXIT } from "../../shared/base/errors.ts";
import { fingerprint } from "../../shared/crypto/identity.ts";
import { readSmallFile } from "../../shared/edge/files.ts";
import { print, printJson } from "../../shared/edge/terminal.ts";
import { linesOf, parseLine } from "../../shared/transcript/room/entry.ts";
import { type Branch, findFork } from "../../shared/transcript/room/fork.ts";
import type { WholeHistory } from "../../shared/transcript/room/history.ts";
import { NOBODY } from "./knowledge.ts";
import { verified } from "./verify.ts";

interface Copy extends WholeHistory {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Does the file look like a copy of a room's history? */
export function isCopy(path: string): boolean {
  const [first] = linesOf(readSmallFile(path));
  const line = parseLine(first ?? "");
  return line !== null && "sequence" in line;
}

export function compareCopies(paths: readonly string[], json: boolean | undefined): void {
  const copies = paths.map((path): Copy => {
    const bytes = readSmallFile(path);
    return { path, bytes, ...verified(path, bytes, NOBODY.trust) };
  });
  for (const [i, first] of copies.entries())
    for (const second of copies.slice(i + 1)) compareTwo(first, second, json);
  const entries = copies.map(({ head }) => head.size);
  if (json) return printJson({ type: "consistent", copies: paths, entries });
  print(`Consistent: one history, of which the copies have ${entries.join(", ")} entries.`);
}

/** @throws {CloisterError} If they part, or are not of one room. */
function compareTwo(first: Copy, second: Copy, json: boolean | undefined): void {
  const [one, other] = [first.state, second.state];
  if (one.coordinatorKey !== other.coordinatorKey || one.room !== other.room)
    throw badInput(
      "audit.two-rooms",
      `${first.path} is of ${nameOf(first)}, ${second.path} of ${nameOf(second)}: nothing to compare`,
    );
  const fork = findFork([first.bytes, second.bytes]);
  if (!fork) return;
  const { sequence, branches } = fork;
  if (json) printJson({ type: "fork", sequence, copies: [first.path, second.path], branches });
  else for (const [i, branch] of branches.entries()) printBranch([first, second][i]?.path, branch);
  throw new CloisterError(
    "audit.equivocation",
    `from entry ${sequence} on the coordinator signed two histories of room "${one.room}": ${first.path} and ${second.path}`,
    EXIT.caught,
  );
}

function printBranch(path: string | undefined, { entry, head }: Branch): void {
  print(`${path}  entry ${entry.sequence}  ${JSON.stringify(entry.body).slice(0, 200)}`);
  print(
    `  under a head over ${counted(head.size, "entry", "entries")}: root ${head.root}, signed ${head.signature}`,
  );
}

const nameOf = ({ state }: Copy): string =>
  `room "${state.room}" of coordinator ${fingerprint(fromHex(state.coordinatorKey))}`;
