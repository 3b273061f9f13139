/**
 * 10,000 schedules in which processes die, or are overtaken by another, at any step of a debit: what left
 * was debited, no attempt left twice, and two cannot both have the last of a budget.
 */
import { expect, test } from "vitest";
import { openAccount } from "../../../agent/ledger/account.ts";
import { Ledger } from "../../../agent/ledger/ledger.ts";
import { mayRelease } from "../../../shared/privacy/accounting/budget.ts";
import { rdpOfEvent } from "../../../shared/privacy/accounting/rdp.ts";
import { UnsafeDice } from "../../simulation/dice.ts";
import { type Bug, Crash, type Disk, EVENT, freshDisk, Process, STEPS_MAX } from "./crashes.ts";
import { CLOCK, MemoryStore, SECRET, TERMS } from "./ledgers.ts";

const REQUESTS = 4;
const BUDGET = { epsilon: 3, delta: 1e-5, rdpOrder: 8 };
const ALLOWED = 3;

/** @returns What is wrong after the schedule of that seed; null: nothing. */
function faultOf(seed: string, bug: Bug | null): string | null {
  const dice = new UnsafeDice(seed);
  const disk = freshDisk();
  const left: number[] = [];
  const processes = [new Process(disk, bug), new Process(disk, bug)];
  let attempts = 0;
  for (let i = 0; i < REQUESTS; i++) {
    const who = dice.between(0, 1);
    const attempt = dice.between(0, 2) === 0 ? dice.between(0, attempts) : attempts++;
    const leave = (): unknown => left.push(attempt);
    const overtaking = attempts++;
    const act = [
      null,
      () => {
        throw new Crash();
      },
      () =>
        attend(() => processes[1 - who]?.request(overtaking, () => left.push(overtaking), null)),
    ][dice.between(0, 2)];
    const atStep = dice.between(0, STEPS_MAX - 1);
    const died = attend(() =>
      processes[who]?.request(attempt, leave, act ? { atStep, act } : null),
    );
    if (!died) continue;
    restart(disk, dice, left.length, bug);
    // The machine went, or one process.
    for (const index of dice.between(0, 1) === 0 ? [0, 1] : [who]) {
      try {
        processes[index] = new Process(disk, bug);
      } catch (error) {
        return `a false alarm: ${String(error)}`;
      }
    }
  }
  return verdict(disk, left);
}

/** @returns Whether the process died. One that found the ledger locked, or damaged, answers nothing. */
function attend(request: () => void): boolean {
  try {
    request();
    return false;
  } catch (error) {
    return error instanceof Crash;
  }
}

function restart(disk: Disk, dice: UnsafeDice, leftCount: number, bug: Bug | null): void {
  disk.locked = false;
  disk.unsynced = [];
  // The anchor was not synchronised: after a failure of power it may be any older one.
  const older = disk.anchors[dice.between(0, disk.anchors.length - 1)];
  if (dice.between(0, 1) === 0 && bug !== "anchors before it commits" && older) disk.anchor = older;
  if (bug === "pays back" && leftCount > 0) {
    disk.entries = disk.entries.slice(0, -1);
    disk.anchor = disk.anchors[0] ?? disk.anchor;
  }
}

function verdict(disk: Disk, left: readonly number[]): string | null {
  if (new Set(left).size !== left.length) return "an attempt left twice";
  const store = new MemoryStore();
  store.entries = [...disk.entries, ...disk.unsynced];
  store.anchorBytes = disk.anchor;
  try {
    const ledger = new Ledger(store, SECRET, CLOCK);
    const paid = ledger.book.runs.get("run")?.attempts ?? new Set();
    if (left.some((attempt) => !paid.has(attempt))) return "what left was not debited";
    const [spent] = openAccount(ledger, TERMS).spentEvents("train").events;
    const count = spent?.kind === "selfComposed" ? spent.count : spent ? 1 : 0;
    if (count < left.length) return "less is counted than left";
    return left.length > ALLOWED || count > ALLOWED
      ? "more was released than the budget allows"
      : null;
  } catch (error) {
    return `the ledger does not open: ${String(error)}`;
  }
}

test("the budget of these schedules pays for three releases", () => {
  const cost = rdpOfEvent(EVENT, BUDGET.rdpOrder);
  expect(TERMS.budget).toEqual(BUDGET);
  expect(mayRelease({ rdp: (ALLOWED - 1) * cost, tail: 0 }, EVENT, BUDGET).allowed).toBe(true);
  expect(mayRelease({ rdp: ALLOWED * cost, tail: 0 }, EVENT, BUDGET).allowed).toBe(false);
});

test("10,000 schedules of crashes and races: nothing leaves unpaid, twice, or beyond the budget", () => {
  for (let seed = 0; seed < 10_000; seed++) {
    const fault = faultOf(`crash ${seed}`, null);
    if (fault !== null) expect.unreachable(`seed ${seed}: ${fault}`);
  }
});

test.each<[Bug, RegExp]>([
  ["answers before it is durable", /not debited|false alarm|less is counted/],
  ["answers again", /left twice/],
  ["anchors before it commits", /false alarm|does not open/],
  ["locks nothing", /not debited|beyond|more was released|does not open|less is counted/],
  ["pays back", /not debited|false alarm|less is counted/],
])("a planted bug is caught: it %s", (bug, fault) => {
  const faults = Array.from({ length: 300 }, (_, seed) => faultOf(`crash ${seed}`, bug));
  const found = faults.filter((text) => text !== null);
  expect(found.length).toBeGreaterThan(0);
  expect(found.join("\n")).toMatch(fault);
});
