/** EDGE: `cloister agent write-off`: a folder that was put back as it was, and whose newest state is lost, may work again. */
import { join } from "node:path";
import type { Command } from "commander";
import { toHex } from "../shared/base/bytes.ts";
import { badInput } from "../shared/base/errors.ts";
import { Charter, charterHash, parseOrRefuse } from "../shared/charter/charter.ts";
import { identityFromSecret } from "../shared/crypto/identity.ts";
import { osClock, osRng } from "../shared/edge/os.ts";
import { print, printJson } from "../shared/edge/terminal.ts";
import { rootAt } from "../shared/transcript/room/tree.ts";
import { QUESTIONS_FILE } from "./gate/kept.ts";
import { pastQuestionsIn } from "./gate/past-questions.ts";
import type { Book } from "./ledger/book.ts";
import type { Ledger, NewEntry } from "./ledger/ledger.ts";
import { openKnownLedger } from "./ledger/open.ts";
import { type FolderOptions, inFolder } from "./options.ts";
import { OwnPast } from "./own-past.ts";
import { ledgerPlaceOf } from "./places.ts";
import { copyPath, readCopy } from "./transcript-copy.ts";
import { Vault } from "./vault.ts";
import { type Gap, gapsOf } from "./write-off.ts";

export function writeOffCommand(agent: Command): void {
  inFolder(agent.command("write-off"), "cloister agent write-off --folder bank-1")
    .description(
      "of a folder that was put back as it was: take for spent all that can have been since; stop its agents before",
    )
    .action(writeOff);
}

function writeOff({ folder, json }: FolderOptions): void {
  const vault = Vault.openExisting(folder);
  try {
    const { path, id } = ledgerPlaceOf(vault.enrolment(), folder);
    const { ledger } = openKnownLedger(path, id, { clock: osClock, rng: osRng });
    try {
      const gaps = writeOffIn(folder, vault, ledger);
      if (json)
        return printJson(gaps.map(({ runId, debits }) => ({ runId, debits: debits.length })));
      for (const { runId, debits } of gaps)
        print(`Run ${runId.slice(0, 12)}: ${debits.length} answers taken for given.`);
      print(
        'The agent takes no part in these runs any more. What is left: "cloister ledger show".',
      );
    } finally {
      ledger.close();
    }
  } finally {
    vault.close();
  }
}

/** Durable step by step, the proof that something is missing last: after a crash it is done again. */
function writeOffIn(folder: string, vault: Vault, ledger: Ledger): Gap[] {
  const { memberId, coordinatorKey, charter: text, population } = vault.enrolment();
  const charter = parseOrRefuse(Charter, JSON.parse(text), "the charter in the vault");
  const identity = identityFromSecret(vault.identitySecret(osRng));
  const past = new OwnPast({ memberId, identity });
  const trust = { coordinatorKey, memberKeys: new Map(), heads: new Map() };
  const { state, tree } = readCopy(copyPath(folder), trust, past);
  const known = vault.cosigned()?.size ?? 0;
  if (!state || (past.cosigned <= known && isKnown(past, ledger.book))) {
    const what = "nothing in the copy of the room's history is missing in the folder";
    const remedy = "start the agent, which gets what is new; if it stops, write off then";
    throw badInput("write-off.nothing", `${folder}: ${what}; ${remedy}`);
  }
  const of = { population: population ?? "", charterHash: charterHash(charter) };
  const policies = ledger.book.populations.get(of.population)?.policies;
  if (!policies?.has(of.charterHash))
    throw badInput("write-off.unknown", `${folder}: start the agent once before, and it stops`);
  const gaps = gapsOf(state, past, ledger.book);
  const about = { ...of, unit: charter.schema.unit?.column ?? null, requester: coordinatorKey };
  const entries = gaps.flatMap(({ manifest, debits }) => {
    // Of a charter from before an amendment, if the ledger knows it.
    const own = policies.has(manifest.charterHash) ? manifest.charterHash : of.charterHash;
    const place = { kind: "debit", ...about, charterHash: own } as const;
    return debits.map((debit): NewEntry => ({ ...place, ...debit }));
  });
  // Before the ledger has them: then they are no gaps any more, and would not be seen to here.
  const questions = pastQuestionsIn(join(folder, QUESTIONS_FILE));
  for (const { runId, manifest } of gaps) {
    const isListed = questions.list().some((line) => line.runId === runId);
    if (manifest.privacy === null && !isListed) questions.add({ runId, task: manifest.task });
    vault.endRun(runId, "left");
  }
  ledger.write(() => entries);
  const root = rootAt(tree, past.cosigned);
  if (root && past.cosigned > known) vault.saveCosigned({ size: past.cosigned, root: toHex(root) });
  return gaps;
}

function isKnown({ answers }: OwnPast, { runs }: Book): boolean {
  return [...answers].every(([runId, own]) =>
    own.every(({ attempt }) => runs.get(runId)?.attempts.has(attempt)),
  );
}
