/** A process that debits a ledger as fast as it can, and says what it would let leave. Run by `kills.test.ts`. */
import { writeSync } from "node:fs";
import { openAccount } from "../../../agent/ledger/account.ts";
import { openLedger } from "../../../agent/ledger/open.ts";
import { osClock, osRng } from "../../../shared/edge/os.ts";
import { TERMS } from "./ledgers.ts";

const [path = "", runId = "", noise = "", first = "0"] = process.argv.slice(2);
const { ledger } = openLedger(path, { clock: osClock, rng: osRng });
const account = openAccount(ledger, TERMS);
const event = { kind: "gaussian", noiseMultiplier: Number(noise) } as const;
const parameters = { dimension: 1, ringBits: 32 };
writeSync(1, "open\n");
for (let attempt = Number(first); ; attempt++) {
  const run = { runId, round: attempt, attempt, askKind: "gradient", partition: "train" } as const;
  const outcome = account.debit({ ...run, event, parameters });
  writeSync(1, `${attempt} ${outcome}\n`);
  if (outcome === "budgetSpent") break;
}
