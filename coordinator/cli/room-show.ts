/** EDGE: `cloister room show`: a room's members, their keys, and what they signed about the roster. */
import { type RosterAnswer, rosterHash } from "../../shared/charter/roster.ts";
import { memberLines } from "../../shared/edge/roster-lines.ts";
import { print, printJson } from "../../shared/edge/terminal.ts";
import type { AmendmentView } from "../room/amendments.ts";
import { openLines } from "./amend.ts";
import { CoordinatorClient } from "./client.ts";
import type { Common } from "./options.ts";

/** Shows no code to read out: that is for members, from their own agents. */
export async function showRoom(options: Common & { room?: string }): Promise<void> {
  const query = options.room === undefined ? "" : `?room=${encodeURIComponent(options.room)}`;
  const answer = await CoordinatorClient.from(options).get<RosterAnswer>(`/v1/roster${query}`);
  const { room, charterHash, roster } = answer;
  const hash = rosterHash(charterHash, roster);
  const path = `/v1/amendments?room=${encodeURIComponent(room)}`;
  const amendment = await CoordinatorClient.from(options).get<AmendmentView>(path);
  const { edition, open } = amendment;
  if (options.json) return printJson({ ...answer, rosterHash: hash, edition, amendment: open });
  const charter = edition > 1 ? `charter ${edition}` : "charter";
  print(`Room ${room}, ${charter} ${charterHash.slice(0, 16)}…, roster ${hash.slice(0, 16)}…`);
  for (const line of memberLines(answer)) print(line);
  for (const line of openLines(amendment)) print(line);
}
