/** EDGE: people's access: tokens for the operator to give and take, and what a member's admin sees of its member. */

import type { Command } from "commander";
import { counted } from "../../shared/base/counted.ts";
import { badInput } from "../../shared/base/errors.ts";
import { print, printJson } from "../../shared/edge/terminal.ts";
import { TOKEN_ROLES } from "../access/table.ts";
import type { AccessToken, TokenState } from "../access/token.ts";
import type { IssuedToken } from "../access/tokens.ts";
import type { MemberView } from "../run/views.ts";
import { CoordinatorClient } from "./client.ts";
import { asking, type Common, example } from "./options.ts";

interface CreateOptions extends Common {
  readonly role: string;
  readonly name: string;
  readonly room?: string;
  readonly member?: string;
  readonly days?: string;
}

export function accessCommands(program: Command): void {
  const token = program.command("token").description("people's access: create, list, revoke");
  const create = token
    .command("create")
    .description("print a new token, this once; the coordinator keeps only its hash")
    .requiredOption("--role <role>", TOKEN_ROLES.join(", "))
    .requiredOption("--name <name>", "the person's; members read it beside the runs it starts")
    .option("--room <name>", "needed where there are several rooms")
    .option("--member <member>", "of the role member-admin: whose")
    .option("--days <count>", "until it expires: 90 if left out, 365 at most");
  example(
    asking(create),
    'cloister token create --role analyst --room card-fraud --name "Ada" > ada.token',
  ).action(createToken);
  example(asking(token.command("list")), "cloister token list")
    .description("list all tokens: whose, for what, until when")
    .action(listTokens);
  example(asking(token.command("revoke")), "cloister token revoke 3f9a12bc07de")
    .description("refuse a token from now on")
    .argument("<id>", "the token's id; it is also the token's second part")
    .action(revokeToken);
  const member = program.command("member").description("members of a room");
  example(asking(member.command("show")), "cloister member show bank-a --config client.yaml")
    .description("whether a member is enrolled and connected, and its part in each run")
    .argument("<member>")
    .option("--room <name>", "needed where there are several rooms")
    .action(showMember);
}

async function createToken(options: CreateOptions): Promise<void> {
  const { role, name, room, member: memberId, days, json } = options;
  if (days !== undefined && !/^\d{1,9}$/.test(days))
    throw badInput("token.days", `--days ${days}: not a number of days`);
  const request = { role, name, room, memberId, days: days === undefined ? days : Number(days) };
  const issued = await CoordinatorClient.from(options).post<IssuedToken>("/v1/tokens", request);
  if (json) printJson(issued);
  else print(issued.token);
}

async function listTokens(options: Common): Promise<void> {
  const tokens =
    await CoordinatorClient.from(options).get<(AccessToken & { state: TokenState })[]>(
      "/v1/tokens",
    );
  if (options.json) return printJson(tokens);
  if (tokens.length === 0) print("No token yet.");
  for (const token of tokens) {
    const { id, name, role, room, memberId, lastUsedDay, state } = token;
    const whose = memberId === null ? role : `${role} of ${memberId}`;
    const times = `created ${day(token.createdAtMs)}, expires ${day(token.expiresAtMs)}, last used ${lastUsedDay ?? "never"}`;
    print([id, state, name, whose, room, times].join("  "));
  }
}

async function revokeToken(id: string, options: Common): Promise<void> {
  const path = `/v1/tokens/${encodeURIComponent(id)}/revoke`;
  const token = await CoordinatorClient.from(options).post<AccessToken>(path, {});
  if (options.json) printJson(token);
  else print(`Token ${token.id} of ${token.name} is revoked.`);
}

async function showMember(memberId: string, options: Common & { room?: string }): Promise<void> {
  const query = options.room === undefined ? "" : `?room=${encodeURIComponent(options.room)}`;
  const path = `/v1/members/${encodeURIComponent(memberId)}${query}`;
  const view = await CoordinatorClient.from(options).get<MemberView>(path);
  if (options.json) return printJson(view);
  const { room, identity, isConnected, runs } = view;
  const enrolled = identity === null ? "not enrolled" : `enrolled as ${identity}`;
  print(`${memberId} of room ${room}: ${enrolled}, ${isConnected ? "connected" : "not connected"}`);
  for (const { runId, task, status, asked, included, rounds } of runs)
    print(
      `${runId.slice(0, 12)}  ${task}  ${status}  asked in ${asked} of ${counted(rounds, "round")}, in the sum of ${included}`,
    );
}

const day = (atMs: number): string => new Date(atMs).toISOString().slice(0, 10);
