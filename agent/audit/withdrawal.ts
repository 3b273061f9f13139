/** EDGE: `cloister audit withdrawal`: what a history that holds says of one member's data. */
import { counted } from "../../shared/base/counted.ts";
import { badInput } from "../../shared/base/errors.ts";
import { print, printJson } from "../../shared/edge/terminal.ts";
import { type Part, partOf } from "../../shared/transcript/room/part.ts";
import type { RoomState } from "../../shared/transcript/room/state.ts";
import { readVerified, type VerifyOptions } from "./verify.ts";

export async function withdrawal(
  memberId: string,
  file: string | undefined,
  options: VerifyOptions,
): Promise<void> {
  const { copy, whole } = await readVerified(file, options);
  const { state, head } = whole;
  if (!state.keys.has(memberId))
    throw badInput("member.unknown", `${memberId} never enrolled in room "${state.room}"`);
  const part = partOf(copy, state, memberId);
  if (options.json)
    return printJson({ room: state.room, memberId, entries: head.size, root: head.root, ...part });
  for (const line of partLines(memberId, state, part)) print(line);
}

function partLines(memberId: string, state: RoomState, part: Part): string[] {
  const lines = part.runs.map(({ runId, rounds }) => {
    const kind = state.runs.get(runId)?.manifest.task.kind;
    const count = `${counted(rounds.length, "round")}: ${rangesOf(rounds)}`;
    return `Run ${short(runId)}  ${kind}  ${memberId} had a part in ${count}`;
  });
  if (lines.length === 0) lines.push(`${memberId} had a part in no released sum.`);
  return [...lines, ...endLines(memberId, part)];
}

function endLines(memberId: string, { left, last, open }: Part): string[] {
  if (!left) return [`${memberId} has not left the room, or has enrolled anew since.`];
  const { entry, statement } = left;
  const said = `It signed on ${dateOf(statement.atMs)} that it leaves (entry ${entry}, ${dateOf(left.atMs)}).`;
  const later = `No run proposed after entry ${entry} may list it, or the history would not hold.`;
  if (open.length > 0)
    return [
      said,
      later,
      `Not over yet, and it is in the roster: run ${open.map(short).join(", ")}`,
    ];
  const end = last && last.entry > entry ? last : left;
  return [
    said,
    later,
    `After entry ${end.entry} (${dateOf(end.atMs)}) its data had a part in none.`,
  ];
}

/** Rounds in ascending order, as 0-3, 5. */
function rangesOf(rounds: readonly number[]): string {
  const ranges: [first: number, last: number][] = [];
  for (const round of rounds) {
    const range = ranges.at(-1);
    if (range && range[1] === round - 1) range[1] = round;
    else ranges.push([round, round]);
  }
  return ranges.map(([first, last]) => (first === last ? first : `${first}-${last}`)).join(", ");
}

const short = (runId: string): string => runId.slice(0, 12);
const dateOf = (atMs: number): string => new Date(atMs).toISOString();
