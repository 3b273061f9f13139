/**
 * Which charter an agent goes by, with its coordinator fully hostile: one that its own copy of the history shows to be
 * signed by all, and that its own vault signed. Everything else is refused here, alone.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { OwnCharter } from "../../agent/own-charter.ts";
import { Vault } from "../../agent/vault.ts";
import { type Charter, charterHash } from "../../shared/charter/charter.ts";
import { charterText } from "../../shared/charter/charter-text.ts";
import type { RoomEvent } from "../../shared/transcript/room/event.ts";
import type { RoomState } from "../../shared/transcript/room/state.ts";
import { verifyRoom } from "../../shared/transcript/room/verify.ts";
import {
  AMENDED,
  amended,
  amending,
  amendmentTo,
  proposing,
  refusing,
  signedBy,
  signing,
} from "../support/amendments.ts";
import { enrolled, FOREVER_MS } from "../support/manifests.ts";
import {
  CHARTER,
  COORDINATOR_KEY,
  MEMBERS,
  openRoom,
  RoomWriter,
  revoking,
  TRUST,
} from "../support/room-history.ts";

let folder = "";
let vault: Vault;
let told: string[];
let own: OwnCharter;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cloister-vault-charters-"));
  vault = new Vault(folder);
  enrolUnder(CHARTER);
  told = [];
  own = new OwnCharter(vault, (event) => {
    if (event.type === "amendment") told.push(`${event.edition} ${event.state}`);
  });
});

afterEach(() => {
  vault.close();
  rmSync(folder, { recursive: true, force: true });
});

function enrolUnder(charter: Charter): void {
  vault.saveEnrolment({
    ...{ memberId: "bank-1", room: "r", coordinatorUrl: "ws://127.0.0.1:1" },
    ...{ coordinatorKey: COORDINATOR_KEY, charter: charterText(charter), dataPath: "x.csv" },
  });
}

/** A history that holds, as this agent's copy has it. */
function heard(...events: RoomEvent[]): RoomState {
  return stateOf(openRoom().add(...events));
}
function stateOf(writer: RoomWriter): RoomState {
  const verdict = verifyRoom(writer.head().bytes, { ...TRUST, memberKeys: new Map() });
  if (verdict.type === "fails") throw new Error(verdict.fault.text);
  return verdict.state;
}
const charterNow = (): string => vault.enrolment().charter;
const say = (amendment = amendmentTo()): void =>
  void vault.charters.say(amendment, signedBy("bank-1", amendment));
const stateFor = (charter: Charter) => vault.charters.states().get(charterHash(charter));

test("a signed amendment is in force here once the history says so, and the one of before is over", () => {
  say();
  own.heard(heard(proposing(), signing("bank-1"), signing("bank-2")));
  expect(charterNow()).toBe(charterText(CHARTER));
  expect(stateFor(AMENDED)).toBe("notInForce");
  vault.saveProposal({ runId: "aa".repeat(32), manifest: "{}", receivedAtMs: 1, reasons: [] });
  own.heard(heard(...amended()));
  expect(charterNow()).toBe(charterText(AMENDED));
  expect([stateFor(AMENDED), stateFor(CHARTER)]).toEqual([undefined, "superseded"]);
  expect(vault.charters.signed().map(({ amendment }) => amendment.edition)).toEqual([2]);
  expect(vault.proposals()[0]?.closed).toBe("amended");
  expect([own.isAmended, own.fault, told]).toEqual([true, null, ["2 amended"]]);
});

test("one that the history brings without this vault's signature stops everything, and changes nothing", () => {
  own.heard(heard(...amended()));
  expect(own.fault?.code).toBe("amendmentNotSigned");
  expect(own.isAmended).toBe(false);
  expect(charterNow()).toBe(charterText(CHARTER));
  expect(told).toEqual(["2 notSigned"]);
  // Neither does a word on another amendment help, nor one that refuses.
  say(amendmentTo({ ...AMENDED, rowsMax: 5 }));
  const refusal = refusing("bank-1");
  if (refusal.type === "amendmentDecided") vault.charters.say(amendmentTo(), refusal.word);
  own.heard(heard(...amended()));
  expect(own.fault?.code).toBe("amendmentNotSigned");
});

test("a signature that a restored vault has lost is taken up again from the history, and the amendment with it", () => {
  own.heard(heard(...amended()));
  expect(own.fault?.code).toBe("amendmentNotSigned");
  say();
  own.heard(heard(...amended()));
  expect([own.fault, charterNow()]).toEqual([null, charterText(AMENDED)]);
});

test("a history in which this member never enrolled, or was revoked, amends nothing here", () => {
  const created = { type: "roomCreated", version: 1, room: "r" } as const;
  const others = MEMBERS.slice(1);
  const without = new RoomWriter().add(
    { ...created, coordinatorKey: COORDINATOR_KEY, charter: charterText(CHARTER) },
    ...others.map((id) => ({
      type: "memberEnrolled" as const,
      ...enrolled(id, charterHash(CHARTER)),
    })),
    proposing(),
    ...others.map((id) => signing(id)),
    amending(),
  );
  own.heard(stateOf(without));
  expect(own.fault?.code).toBe("amendmentNotSigned");
  const revoked = heard(
    ...others.map((by) => revoking(by, "bank-1")),
    proposing(),
    ...others.map((id) => signing(id)),
    amending(),
  );
  own.heard(revoked);
  expect(own.fault?.code).toBe("amendmentNotSigned");
  expect(charterNow()).toBe(charterText(CHARTER));
});

test("an earlier charter never comes back: a history that ends before it, or begins anew, takes nothing away", () => {
  say();
  own.heard(heard(...amended()));
  for (const events of [[], [proposing()]]) {
    own.heard(heard(...events));
    expect(charterNow()).toBe(charterText(AMENDED));
  }
});

test("two amendments that were signed while the agent was away come into force together, in order", () => {
  const third = { ...AMENDED, rowsMax: 7 };
  const next = amendmentTo(third, { edition: 3, previous: charterHash(AMENDED) });
  say();
  say(next);
  own.heard(heard(...amended(), ...amended(next)));
  expect(charterNow()).toBe(charterText(third));
  expect(vault.charters.past().map(charterHash)).toEqual([CHARTER, AMENDED].map(charterHash));
  expect(told).toEqual(["3 amended"]);
});

test("a member that enrolled under the second edition signed that, and needs no other signature", () => {
  enrolUnder(AMENDED);
  own.heard(heard(...amended()));
  expect([own.fault, own.isAmended]).toEqual([null, false]);
});

test("a word stands: what was refused is not signed later, nor the other way round; an open one is told of once", () => {
  const refusal = refusing("bank-1");
  if (refusal.type !== "amendmentDecided") throw new Error("it is a word");
  vault.charters.say(amendmentTo(), refusal.word);
  expect(vault.charters.say(amendmentTo(), signedBy("bank-1")).decision).toBe("refused");
  const other = amendmentTo(AMENDED, { validUntilMs: FOREVER_MS - 1 });
  say(other);
  const late = refusing("bank-1", other);
  if (late.type !== "amendmentDecided") throw new Error("it is a word");
  expect(vault.charters.say(other, late.word).decision).toBe("signed");
  own.heard(heard(proposing()));
  own.heard(heard(proposing()));
  expect(told).toEqual(["2 proposed"]);
});
