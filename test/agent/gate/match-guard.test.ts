/** Exact matchings at the gate, one after another: what two of them tell together is refused by the member alone. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Gate } from "../../../agent/gate/gate.ts";
import { keptIn } from "../../../agent/gate/kept.ts";
import { openAccount } from "../../../agent/ledger/account.ts";
import type { EncodedData } from "../../../models/data.ts";
import { Charter, charterHash } from "../../../shared/charter/charter.ts";
import { type Manifest, runIdOf } from "../../../shared/charter/manifest.ts";
import { TaskSpec } from "../../../shared/charter/task-spec.ts";
import { osRng } from "../../../shared/edge/os.ts";
import { memberIds, smallCharter } from "../../support/charters.ts";
import { questionOf, signedManifest } from "../../support/manifests.ts";
import { memoryLedger, TERMS } from "../ledger/ledgers.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cloister-matches-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function charterOf(members: number): Charter {
  const base = smallCharter(memberIds(members));
  const schema = { ...base.schema, identifiers: [{ name: "mail", type: "email" }] };
  return Charter.parse({
    ...base,
    schema,
    columns: { mail: { join: true } },
    tasks: ["match"],
    minimums: { ...base.minimums, cell: 10 },
  });
}

function side(mails: readonly string[]): EncodedData {
  const rowCount = mails.length;
  return {
    rowCount,
    numbers: new Float32Array(2 * rowCount),
    codes: new Uint16Array(rowCount),
    labels: new Uint8Array(rowCount),
    unitStarts: Uint32Array.from({ length: rowCount + 1 }, (_, i) => i),
    identifiers: [mails],
  };
}

const mails = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, n) => `c${from + n}@x.de`);

/** A process of the agent, with customers of these numbers, in a room of so many members. */
function opened(customers: readonly string[], members = 3) {
  const charter = charterOf(members);
  const terms = { ...TERMS, budget: charter.privacy.budget, charterHash: charterHash(charter) };
  const ledger = openAccount(memoryLedger(), terms);
  const data = { train: side(customers), holdout: side([]) };
  const gate = new Gate({
    charter,
    memberId: "bank-1",
    data,
    ledger,
    rng: osRng,
    ...keptIn(folder),
  });
  const manifest = (task: object = {}): Manifest => {
    const spec = TaskSpec.parse({ kind: "match", column: "mail", setSize: 2000, ...task });
    return signedManifest(charter, { task: spec, privacy: null });
  };
  return {
    codes: (task?: object) => gate.assess(questionOf(manifest(task))).map(({ code }) => code),
    leave: () => {
      const asked = manifest();
      expect(gate.assess(questionOf(asked))).toEqual([]);
      gate.matchLeaving(runIdOf(asked));
    },
  };
}

const FEW = ["isolatesFew"];

test("of a set that has changed by few customers, nobody's difference is told, in the next process neither", () => {
  const first = opened(mails(0, 1100));
  expect(first.codes()).toEqual([]);
  opened(mails(0, 1099)).leave();
  expect(opened(mails(0, 1099)).codes(), "the same again tells nothing new").toEqual([]);
  expect(opened(mails(0, 1099).reverse()).codes(), "in another order").toEqual([]);
  expect(opened(mails(0, 1100)).codes(), "one came").toEqual(FEW);
  expect(opened(mails(0, 1098)).codes(), "one went").toEqual(FEW);
  expect(opened([...mails(0, 1098), "new@x.de"]).codes(), "one was changed").toEqual(FEW);
  expect(opened(mails(9, 1108)).codes(), "nine came and nine went").toEqual(FEW);
  expect(opened(mails(11, 1110)).codes(), "eleven came and eleven went").toEqual([]);
});

test("one member more or fewer is a difference, and so is another rule for the same cells", () => {
  opened(mails(0, 1100)).leave();
  expect(opened(mails(0, 1100), 4).codes()).toEqual(FEW);
  expect(opened(mails(0, 1100)).codes({ sizeMin: 1100 })).toEqual(FEW);
  expect(opened(mails(0, 1100)).codes({ setSize: 1500 }), "sets' length tells nothing").toEqual([]);
  expect(opened(mails(500, 1600), 4).codes()).toEqual([]);
});

test("after a matching that was written off, whose set nobody knows any more, none of its column is answered", () => {
  const { codes } = opened(mails(0, 50));
  const task = TaskSpec.parse({ kind: "match", column: "mail", setSize: 2000 });
  keptIn(folder).pastQuestions?.add({ runId: "written off", task });
  expect(codes()).toEqual([]); // The open gate has its own list.
  expect(opened(mails(0, 50)).codes()).toEqual(FEW);
});
