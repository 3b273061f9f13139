/** EDGE: `cloister room amend`: a new charter is proposed to a room's members, or taken back. */
import type { Command } from "commander";
import { badInput } from "../../shared/base/errors.ts";
import { Charter } from "../../shared/charter/charter.ts";
import { readYaml } from "../../shared/edge/files.ts";
import { print, printJson } from "../../shared/edge/terminal.ts";
import type { AmendmentView } from "../room/amendments.ts";
import { CoordinatorClient } from "./client.ts";
import { asking, type Common, example } from "./options.ts";

interface Options extends Common {
  readonly charter?: string;
  readonly reason?: string;
  readonly validDays?: string;
  readonly withdraw?: boolean;
  readonly room?: string;
}

export function amendCommand(room: Command): void {
  const line = 'cloister room amend --charter charter-2.yaml --reason "a fourth bank joins"';
  example(asking(room.command("amend")), line)
    .description("propose a new charter to the room's members; in force once all have signed it")
    .option("--charter <file>", "the whole new charter, in YAML")
    .option("--reason <text>", "told to the members")
    .option("--valid-days <days>", "days for which they may sign it; 14 if left out")
    .option("--withdraw", "take the open amendment back instead")
    .option("--room <name>", "with --withdraw: needed where there are several rooms")
    .action(amend);
}

async function amend(options: Options): Promise<void> {
  const view = await (options.withdraw ? withdraw(options) : propose(options));
  if (options.json) return printJson(view);
  if (options.withdraw) return print(`The amendment of room "${view.room}" is withdrawn.`);
  for (const text of openLines(view)) print(text);
  print("Members see what changes, and sign or refuse it: cloister agent amendment");
}

function propose({
  charter: path,
  reason,
  validDays,
  ...connection
}: Options): Promise<AmendmentView> {
  if (path === undefined || reason === undefined)
    throw badInput("amendment.what", "--charter FILE and --reason TEXT: what changes, and why");
  const days = validDays === undefined ? {} : { validDays: Number(validDays) };
  const body = { charter: readYaml(path, Charter), reason, ...days };
  return CoordinatorClient.from(connection).post<AmendmentView>("/v1/amendments", body);
}

function withdraw({ room, ...connection }: Options): Promise<AmendmentView> {
  const body = room === undefined ? {} : { room };
  return CoordinatorClient.from(connection).post<AmendmentView>("/v1/amendments/withdraw", body);
}

/** Empty: none is open. */
export function openLines({ open }: AmendmentView): string[] {
  if (!open) return [];
  const { amendment, amendmentHash, words, waitsFor } = open;
  const until = new Date(amendment.validUntilMs).toISOString().slice(0, 16);
  const signed = words.filter(({ decision }) => decision === "signed");
  const by =
    signed
      .map(({ memberId }) => memberId)
      .sort()
      .join(", ") || "nobody yet";
  const wait = waitsFor ?? "comes into force as the run under way ends";
  return [
    `Amendment ${amendmentHash.slice(0, 16)}…: edition ${amendment.edition}, until ${until}Z: ${amendment.reason}`,
    `  signed by ${by}; ${wait}`,
  ];
}
