/** A model that nobody is handed before enough members' people have looked at it, by the commands that they would use. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { copyPath } from "../../agent/transcript-copy.ts";
import { adminTokenPath } from "../../coordinator/config.ts";
import { toHex } from "../../shared/base/bytes.ts";
import { Charter } from "../../shared/charter/charter.ts";
import { Plan } from "../../shared/charter/manifest.ts";
import { sha256 } from "../../shared/crypto/hash.ts";
import { memberIds, smallCharter, smallTable } from "../support/charters.ts";
import { cloister, expectOneLine, type Outcome } from "../support/command.ts";
import { type ServiceRoom, serviceRoom } from "../support/service-room.ts";

const folder = mkdtempSync(join(tmpdir(), "cloister-release-"));
const members = memberIds(3);
const TRAIN = Plan.parse({
  task: {
    kind: "train",
    model: { hidden: [] },
    scaling: "bounds",
    strategy: { kind: "fedAvg", rounds: 1, learningRate: 0.05 },
    evaluation: { everyRounds: null, bins: 8 },
  },
  privacy: "none",
});
const release = { approvals: 2, mustApprove: ["bank-2"] };
const charter = Charter.parse({ ...smallCharter(members), governance: { approvals: 2, release } });
const config = join(folder, "operator.yaml");
const pack = join(folder, "pack.jsonl");
let room: ServiceRoom;
let trained = "";
let vetoed = "";

async function completed(): Promise<string> {
  const { runId } = room.service.propose(TRAIN);
  while (room.service.catalog.find(runId, null).status !== "completed") await pause();
  const holds = (id: string): boolean => {
    const copy = readFileSync(copyPath(join(folder, id)), "utf8");
    return copy.includes(`"outcome":"completed","runId":"${runId}"`);
  };
  while (!members.every(holds)) await pause();
  return runId;
}
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50));

beforeAll(async () => {
  const tables = new Map(members.map((memberId) => [memberId, smallTable(memberId, 40)]));
  room = await serviceRoom({ folder, charter, tables });
  const tokenPath = adminTokenPath(join(folder, "coordinator"));
  writeFileSync(config, stringify({ url: room.url.replace("ws:", "http:"), tokenPath }));
  trained = await completed();
  vetoed = await completed();
});

afterAll(async () => {
  await room.close();
  rmSync(folder, { recursive: true, force: true });
});

const asMember = (memberId: string, ...args: string[]): Promise<Outcome> =>
  cloister("agent", "release", ...args, "--folder", join(folder, memberId));
const word = (memberId: string, run: string, how: string, reason: string): Promise<Outcome> =>
  asMember(memberId, run, how, "--reviewer", `head of risk, ${memberId}`, "--reason", reason);
async function approved(run: string, ...by: readonly string[]): Promise<void> {
  const words = by.map((memberId) => word(memberId, run, "--approve", "card read"));
  expect((await Promise.all(words)).map(({ code }) => code)).toEqual(by.map(() => 0));
}
const operator = (...args: string[]): Promise<Outcome> => cloister(...args, "--config", config);
const exportOf = (run: string): Promise<Outcome> =>
  operator("model", "export", run, "--out", join(folder, run.slice(0, 8)));

test("nobody is handed a model that nobody has reviewed, the operator least", async () => {
  expectOneLine(await exportOf(trained), 4, "not released: 0 of the 2", "cloister agent release");
  const shown = await operator("run", "show", trained);
  expect(shown).toMatchObject({ code: 0, errors: "" });
  expect(shown.output).toMatch(/model [0-9a-f]{12}.*, not released: 0 of the 2 .* and not bank-2/);
});

test("a member sees the card that the history names; a word needs a name and a reason", async () => {
  const seen = await asMember("bank-1", trained.slice(0, 8));
  expect(seen).toMatchObject({ code: 0, errors: "" });
  expect(seen.output).toContain('"rocAuc"');
  expect(seen.output).toContain("not released: 0 of the 2");
  const [nameless, twoLines] = await Promise.all([
    asMember("bank-1", trained, "--approve"),
    word("bank-1", trained, "--approve", "two\nlines"),
  ]);
  expectOneLine(nameless, 3, "--reviewer NAME");
  expectOneLine(twoLines, 3, "a line of text");
});

test("enough approvals, and whoever must be among them, release it: the very model that was reviewed", async () => {
  await approved(trained, "bank-1", "bank-3");
  expectOneLine(await exportOf(trained), 4, "2 of the 2", "not bank-2");
  expect((await word("bank-2", trained, "--approve", "no drift seen")).code).toBe(0);
  expect(await exportOf(trained)).toMatchObject({ code: 0, errors: "" });
  const model = readFileSync(join(folder, trained.slice(0, 8), "model.json"));
  const run = room.service.catalog.find(trained, null);
  expect(run.releases).toHaveLength(3);
  for (const { modelHash } of run.releases) expect(modelHash).toBe(toHex(sha256(model)));
  const shown = await operator("run", "show", trained);
  expect(shown.output).toContain(
    "bank-2 approved the release (head of risk, bank-2): no drift seen",
  );
});

test("a veto keeps a model in, for good, and takes a released one back from later receivers", async () => {
  expect((await word("bank-3", vetoed, "--veto", "unfair by channel")).code).toBe(0);
  expectOneLine(
    await word("bank-3", vetoed, "--approve", "on second thoughts"),
    4,
    "a veto stands",
  );
  await approved(vetoed, "bank-1", "bank-2");
  // Said again, it is the same word.
  await approved(vetoed, "bank-1");
  expectOneLine(await exportOf(vetoed), 4, "not released: bank-3 vetoed it");
  expect((await word("bank-2", trained, "--veto", "drift seen after all")).code).toBe(0);
  expectOneLine(await exportOf(trained), 4, "not released: bank-2 vetoed it");
});

test("the pack holds who reviewed what, and a stranger verifies it with nothing else", async () => {
  const exported = await operator("audit", "export", "--room", "--out", pack);
  expect(exported).toMatchObject({ code: 0, errors: "" });
  const said = await cloister("audit", "verify", pack);
  expect(said).toMatchObject({ code: 0, errors: "" });
  expect(said.output).toMatch(
    /bank-1 approved the release on \S+ \(head of risk, bank-1\): card read$/m,
  );
  expect(said.output).toMatch(/bank-3 vetoed the release on .*: unfair by channel$/m);
  expect(said.output.match(/model not released: bank-\d vetoed it/g)).toHaveLength(2);
  const { runs } = JSON.parse((await cloister("audit", "verify", pack, "--json")).output) as {
    runs: { runId: string; release: unknown }[];
  };
  expect(runs.find(({ runId }) => runId === vetoed)?.release).toEqual({
    type: "vetoed",
    by: "bank-3",
  });
});
