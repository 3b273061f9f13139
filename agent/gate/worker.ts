/**
 * EDGE: the gate's thread. It alone reads the member's records; it has no connection. What it posts to
 * the other thread is `FromGate`s and nothing else.
 */
import { parentPort, workerData } from "node:worker_threads";
import { assert } from "../../shared/base/assert.ts";
import { CloisterError, EXIT } from "../../shared/base/errors.ts";
import { parseOrRefuse } from "../../shared/charter/charter.ts";
import { identityFromSecret } from "../../shared/crypto/identity.ts";
import { diskFault } from "../../shared/edge/disk-fault.ts";
import { osClock, osRng } from "../../shared/edge/os.ts";
import { unpackMasks } from "../../shared/secagg/masks.ts";
import { readRecords } from "../data/records.ts";
import { type Account, checkTerms, openAccount } from "../ledger/account.ts";
import { PopulationName } from "../ledger/entry.ts";
import { carryOver } from "../ledger/migrate.ts";
import { openKnownLedger, openLedger } from "../ledger/open.ts";
import { Gate } from "./gate.ts";
import { keptIn } from "./kept.ts";
import { MatchDoor } from "./match-door.ts";
import type { FromGate, PostedToGate, ToGate } from "./messages.ts";

const { memberId } = workerData as { memberId: string };
let gate: Gate | null = null;
let ledger: Account | null = null;
let matchDoor: MatchDoor | null = null;

async function open(message: Extract<ToGate, { type: "open" }>): Promise<FromGate> {
  const { charter, amendments, dataPath, requester, purpose, ownFolder } = message;
  const population = parseOrRefuse(
    PopulationName,
    message.population,
    `the population's name ${JSON.stringify(message.population)} (name one with --population)`,
  );
  const { path, id } = message.ledger;
  const env = { clock: osClock, rng: osRng };
  const opened = id === null ? openLedger(path, env) : openKnownLedger(path, id, env);
  const place = { charter, amendments, dataPath, population, requester };
  const { table, terms } = await readRecords(place, opened.secret, osClock.nowMs());
  const { data, rowCount, unitCount } = table;
  const reply: FromGate = { type: "opened", rowCount, unitCount, ledgerId: opened.ledger.book.id };
  if (purpose === "check") {
    checkTerms(opened.ledger.book, terms);
    return reply;
  }
  ledger = openAccount(opened.ledger, terms);
  carryOver(opened.store, opened.ledger, terms);
  const own = ownFolder === undefined ? {} : keptIn(ownFolder);
  const params = { charter, memberId, data, ledger, rng: osRng };
  const opening = new Gate({ ...params, ...own });
  gate = opening;
  if (message.identitySecret) {
    const identity = identityFromSecret(message.identitySecret);
    const takenUp = (runId: string) => opening.takenUp(runId);
    const onLeaving = (runId: string) => opening.matchLeaving(runId);
    matchDoor = new MatchDoor({ ...params, identity, takenUp, onLeaving });
  }
  return reply;
}

async function answer(message: PostedToGate): Promise<FromGate> {
  if (message.type === "open") return open(message);
  assert(gate !== null && ledger !== null, "the gate is not open");
  switch (message.type) {
    case "judge":
      return { type: "judged", rulings: gate.judge(message) };
    case "assess": {
      const { runId } = message;
      const reasons = gate.assess(message);
      const lastAttempt = ledger.lastAttempt(runId);
      const lastRound = ledger.lastRound(runId);
      const engine = gate.engine(runId);
      return { type: "assessed", reasons, lastAttempt, lastRound, ...(engine && { engine }) };
    }
    case "recall":
      ledger.requireAnswers(message.answers);
      return { type: "recalled" };
    case "work":
      gate.work(message.attempt, message.askKind, message.input);
      return { type: "worked", attempt: message.attempt };
    case "seal": {
      const sealed = gate.seal(message.round, message.attempt, unpackMasks(message.masks));
      if ("refused" in sealed) return { type: "refused", code: sealed.refused };
      const { vector } = sealed;
      return {
        type: "sealed",
        attempt: message.attempt,
        vector,
        epsilonSpent: ledger.epsilonSpent(),
      };
    }
    case "matchBegin":
      return matchDoor?.begin(message.runId) ?? { type: "refused", code: "notTakenUp" };
    case "matchHear": {
      const { runId, bodies } = message;
      return matchDoor?.hear(runId, bodies) ?? { type: "refused", code: "notTakenUp" };
    }
  }
}

/** Errors that are not ours to explain carry no text: it might quote a record. */
function failure(error: unknown): FromGate {
  if (error instanceof CloisterError) {
    return { type: "failed", code: error.code, message: error.message, exitCode: error.exitCode };
  }
  const fault = diskFault(error);
  if (fault !== null)
    return { type: "failed", code: "disk", message: `ledger: ${fault}`, exitCode: EXIT.failed };
  const name = error instanceof Error ? error.name : "unknown";
  return {
    type: "failed",
    code: "gate.internal",
    message: `internal error in the gate (${name})`,
    exitCode: EXIT.failed,
  };
}

/** The sealed vector moves to the other thread instead of being copied. */
function handedOver(reply: FromGate): ArrayBuffer[] {
  const buffer = reply.type === "sealed" ? reply.vector.buffer : null;
  return buffer instanceof ArrayBuffer ? [buffer] : [];
}

/** One thing after the other, whatever is asked meanwhile. Only work waits, to be answered together with its sealing. */
async function answerAll(messages: readonly PostedToGate[]): Promise<void> {
  let replies: FromGate[] = [];
  for (const [i, message] of messages.entries()) {
    replies.push(await answer(message).catch(failure));
    if (message.type === "work" && messages[i + 1]?.type === "seal") continue;
    parentPort?.postMessage(replies, replies.flatMap(handedOver));
    replies = [];
  }
}

let last: Promise<void> = Promise.resolve();
parentPort?.on("message", (messages: readonly PostedToGate[]) => {
  last = last.then(() => answerAll(messages));
});
