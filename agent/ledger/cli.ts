/** EDGE: `cloister ledger`: what a member's data has given away, whether the record of it is whole, and renewal. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import { fromHex, toHex, utf8 } from "../../shared/base/bytes.ts";
import { randomBytes } from "../../shared/base/env.ts";
import { badInput } from "../../shared/base/errors.ts";
import { parseOrRefuse } from "../../shared/charter/charter.ts";
import { identityFromSecret } from "../../shared/crypto/identity.ts";
import { readSmallFile, readYaml, writeFileAtomic } from "../../shared/edge/files.ts";
import { osClock, osRng } from "../../shared/edge/os.ts";
import { print, printJson } from "../../shared/edge/terminal.ts";
import { lineText } from "../../shared/transcript/room/entry.ts";
import { inFolder } from "../options.ts";
import { ledgerPath, ledgerPlaceOf } from "../places.ts";
import { Vault } from "../vault.ts";
import { Budget, Governance, SignedRenewal } from "./entry.ts";
import { ledgerExtract } from "./extract.ts";
import { applyRenewal, knownPopulation, proposeRenewal, signRenewal } from "./governance.ts";
import type { Ledger } from "./ledger.ts";
import { openKnownLedger, openLedger } from "./open.ts";
import { summaryLines } from "./show.ts";
import { summaryOf } from "./summary.ts";

interface PlaceOptions {
  readonly folder: string;
  readonly ledger?: string;
  readonly json?: boolean;
}

interface BudgetOptions {
  readonly epsilon?: string;
  readonly delta?: string;
  readonly order?: string;
}

const env = { clock: osClock, rng: osRng };

export function ledgerCommands(program: Command): void {
  const ledger = program
    .command("ledger")
    .description("the member's privacy ledger: what its data has given away");
  withPlace(ledger.command("show"), "cloister ledger show --folder agent-data")
    .description("what was spent, of which budgets, by which runs")
    .action(show);
  withPlace(ledger.command("verify"), "cloister ledger verify --folder agent-data")
    .description("check the whole chain; exit code 6 if anything is not as it was written")
    .action(verify);
  ledger
    .command("extract")
    .description("write what the ledger amounts to, signed by this member, for a regulator's pack")
    .option("--folder <folder>", "the agent's own folder", "agent-data")
    .requiredOption("--out <file>", "where to")
    .addHelpText("after", "\nExample:\n  $ cloister ledger extract --out bank-1-ledger.jsonl")
    .action(extract);
  withPlace(ledger.command("init"), "cloister ledger init --ledger /srv/bank/ledger.db")
    .description("make a ledger for several agents, or one whose budgets can be renewed")
    .option("--governance-key <key...>", "public keys that may renew budgets")
    .option("--threshold <k>", "how many of them together", "1")
    .option(
      "--epsilon <epsilon>",
      "a limit on each population's noised releases for ever, whatever is renewed",
    )
    .option("--delta <delta>", "with --epsilon")
    .option("--order <order>", "with --epsilon: the Rényi order at which it is added up")
    .action(init);
  renewalCommands(ledger);
}

function renewalCommands(ledger: Command): void {
  ledger
    .command("governance-key")
    .description("make a key that may sign renewals, or read it; prints its public half")
    .argument("<file>", "where the secret half lies, or shall lie")
    .addHelpText("after", "\nExample:\n  $ cloister ledger governance-key officer.key")
    .action(governanceKey);
  withPlace(
    ledger.command("propose"),
    'cloister ledger propose renewal.json --population customers --epsilon 4 --reason "audit 7"',
  )
    .description("write a renewal for the ledger as it is now; stop its agents before")
    .argument("<file>", "where to")
    .requiredOption("--population <name>", "whose budget")
    .requiredOption("--epsilon <epsilon>", "the new budget")
    .option("--delta <delta>", "as before if left out")
    .option("--order <order>", "as before if left out")
    .option("--from-here", "the budget is for what is spent from now on, not for all that ever was")
    .requiredOption("--reason <text>", "goes into the ledger")
    .action(propose);
  ledger
    .command("sign")
    .description("show a renewal and sign it, into the same file")
    .argument("<file>", "the renewal")
    .requiredOption("--key <file>", 'what "cloister ledger governance-key" made')
    .addHelpText("after", "\nExample:\n  $ cloister ledger sign renewal.json --key officer.key")
    .action(sign);
  withPlace(ledger.command("renew"), "cloister ledger renew renewal.json --folder agent-data")
    .description("apply a renewal that enough governance keys have signed")
    .argument("<file>", "the renewal")
    .action(renew);
}

function withPlace(command: Command, line: string): Command {
  const ledger = "the ledger itself, where not the one of --folder";
  return inFolder(command, line).option("--ledger <file>", ledger);
}

/** Whatever happens, the files are let go. */
function withLedger<T>({ folder, ledger: path }: PlaceOptions, use: (ledger: Ledger) => T): T {
  const { ledger } =
    path === undefined ? openOfFolder(folder) : openKnownLedger(resolve(path), null, env);
  try {
    return use(ledger);
  } finally {
    ledger.close();
  }
}

function openOfFolder(folder: string): { ledger: Ledger } {
  const vault = Vault.openExisting(folder);
  try {
    const { path, id } = ledgerPlaceOf(vault.enrolment(), folder);
    return openKnownLedger(path, id, env);
  } finally {
    vault.close();
  }
}

function show(options: PlaceOptions): void {
  const summary = withLedger(options, ({ book }) => summaryOf(book));
  if (options.json) return printJson(summary);
  for (const line of summaryLines(summary)) print(line);
}

function verify(options: PlaceOptions): void {
  const { path, head, id } = withLedger(options, ({ path, book }) => ({ path, ...book }));
  if (options.json) return printJson({ path, ledgerId: id, head });
  print(`${path}: ${head.sequence} entries, all as they were written; the last is ${head.hash}`);
}

function extract({ folder, out }: { folder: string; out: string }): void {
  writeFileAtomic(out, lineText(ledgerExtract(folder)));
  print(`${out}: written. It goes into a pack with: cloister audit export --ledger ${out}`);
}

function init(
  options: PlaceOptions & BudgetOptions & { governanceKey?: string[]; threshold: string },
): void {
  const path = resolve(options.ledger ?? ledgerPath(options.folder));
  if (existsSync(path))
    throw badInput("ledger.exists", `${path}: there is a ledger already; its settings stay`);
  const { governanceKey: keys, threshold, epsilon } = options;
  const governance = keys
    ? parseOrRefuse(Governance, { keys, threshold: Number(threshold) }, "--governance-key")
    : null;
  if (governance && governance.threshold > new Set(governance.keys).size)
    throw badInput("ledger.threshold", "--threshold: more than there are different keys");
  const lifetime = epsilon === undefined ? null : budgetOf(options, null);
  const { ledger } = openLedger(path, { ...env, settings: { governance, lifetime } });
  const { id } = ledger.book;
  ledger.close();
  if (options.json) return printJson({ path, ledgerId: id });
  print(`${path}: made. Name it to every agent of this member: cloister agent init --ledger …`);
}

function budgetOf({ epsilon, delta, order }: BudgetOptions, before: Budget | null): Budget {
  const budget = {
    epsilon: Number(epsilon),
    delta: delta === undefined ? before?.delta : Number(delta),
    rdpOrder: order === undefined ? before?.rdpOrder : Number(order),
  };
  return parseOrRefuse(Budget, budget, "--epsilon, --delta, --order");
}

function governanceKey(file: string): void {
  if (!existsSync(file)) writeFileAtomic(file, utf8(`${toHex(randomBytes(osRng, 32))}\n`), 0o600);
  print(toHex(readSigner(file).publicKey));
}

function readSigner(file: string): ReturnType<typeof identityFromSecret> {
  const text = readSmallFile(file).toString("latin1").trim();
  if (/^[0-9a-f]{64}$/.test(text)) return identityFromSecret(fromHex(text));
  throw badInput("key.malformed", `${file}: not a governance key; make one with governance-key`);
}

function propose(
  file: string,
  options: PlaceOptions &
    BudgetOptions & { population: string; reason: string; fromHere?: boolean },
): void {
  const { population, reason, fromHere } = options;
  const signed = withLedger(options, ({ book }) => {
    const before = knownPopulation(book, population).binding[0]?.budget ?? null;
    const counts = fromHere ? "fromHere" : "everything";
    const budget = budgetOf(options, before);
    return proposeRenewal(book, { population, budget, counts, reason });
  });
  writeRenewal(file, parseOrRefuse(SignedRenewal, signed, "the renewal"));
  print(`${file}: written, for entry ${signed.renewal.headSequence}; have it signed.`);
}

function writeRenewal(file: string, signed: SignedRenewal): void {
  writeFileAtomic(file, `${JSON.stringify(signed, null, 2)}\n`);
}

function sign(file: string, { key }: { key: string }): void {
  const signed = signRenewal(readYaml(file, SignedRenewal), readSigner(key));
  const { population, unit, budget, counts, reason, headSequence } = signed.renewal;
  const scope = counts === "fromHere" ? "for what is spent from here on" : "for all ever spent";
  print(
    `Population "${population}", unit ${unit ?? "row"}: ε ${budget.epsilon}, δ ${budget.delta},`,
  );
  print(`order ${budget.rdpOrder}, ${scope}. After entry ${headSequence}. Reason: ${reason}`);
  writeRenewal(file, signed);
  print(`Signed; ${signed.signatures.length} in all.`);
}

function renew(file: string, options: PlaceOptions): void {
  const signed = readYaml(file, SignedRenewal);
  const summary = withLedger(options, (ledger) => {
    applyRenewal(ledger, signed);
    return summaryOf(ledger.book);
  });
  if (options.json) return printJson(summary);
  for (const line of summaryLines(summary)) print(line);
}
