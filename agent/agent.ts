/** EDGE: a running agent: vault, gate thread and connection wired together. */
import { badInput, CloisterError, EXIT, type ExitCode } from "../shared/base/errors.ts";
import { Charter, parseOrRefuse } from "../shared/charter/charter.ts";
import type { Decision } from "../shared/charter/decision.ts";
import { identityFromSecret } from "../shared/crypto/identity.ts";
import { osClock, osKem, osRng } from "../shared/edge/os.ts";
import { CatchUp } from "./catch-up.ts";
import { Connection } from "./connection.ts";
import { hasLeft } from "./enrol.ts";
import { Evidence, evidencePath } from "./evidence.ts";
import { GateHost } from "./gate/host.ts";
import type { FromGate } from "./gate/messages.ts";
import type { Address } from "./link.ts";
import { Member } from "./member.ts";
import type { MemberEvent } from "./member-events.ts";
import { OwnCharter } from "./own-charter.ts";
import { OwnKey } from "./own-key.ts";
import { ledgerPlaceOf, populationOf } from "./places.ts";
import { readPolicy } from "./policy-file.ts";
import { type CopyParams, TranscriptCopy } from "./transcript-copy.ts";
import { Vault } from "./vault.ts";

const FORK = {
  code: "transcriptFork",
  message: "the coordinator told this member another history of the room before",
};
/** How soon a decision that a person makes is heard. */
const HEAR_MS = 1000;

/** What the member's own terminal shows; the bytes are all that this process has sent and received. */
export type AgentEvent =
  | (MemberEvent & { readonly bytesSent: number; readonly bytesReceived: number })
  | { readonly type: "connection"; readonly state: string; readonly detail: string };

export interface AgentOptions extends Partial<Address> {
  readonly folder: string;
  /** Whose records the data are, if it is to be declared anew. */
  readonly population?: string | undefined;
  readonly onEvent: (event: AgentEvent) => void;
}

export interface RunningAgent {
  readonly memberId: string;
  /** `rotated`, `amended`: there is a new key or charter, and the agent is to be started again. Rejects with what a retry cannot mend. */
  readonly done: Promise<"closed" | "rotated" | "amended">;
  close(): Promise<void>;
}

/** @throws {CloisterError} If the folder, the data or the charter do not allow a start. */
export async function startAgent(options: AgentOptions): Promise<RunningAgent> {
  const { folder, onEvent } = options;
  const vault = Vault.openExisting(folder);
  const enrolment = vault.enrolment();
  if (vault.leaving()) throw hasLeft(folder);
  const { memberId, room, coordinatorUrl, coordinatorKey, charter: text } = enrolment;
  const charter = parseOrRefuse(Charter, JSON.parse(text), "the charter in the vault");
  const identity = identityFromSecret(vault.identitySecret(osRng));
  const gate = await openGate(vault, charter, options);
  const evidence = new Evidence(evidencePath(folder));
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  let phase: "running" | "stopped" | "closed" = "running";
  const stop = (error: CloisterError): void => {
    if (phase !== "running") return; // A gate that is closed under a question fails, and nobody is to hear of it.
    phase = "stopped";
    member.reset();
    reject(error);
  };
  // What is heard from the copy as it is opened is reported once all of this is wired.
  const ownCharter = new OwnCharter(vault, (event) => queueMicrotask(() => report(event)));
  const copy = openCopy(vault, folder, {
    heard: (state) => {
      vault.keys.follow(state, osClock.nowMs());
      ownCharter.heard(state);
    },
    send: (message) => connection.send(message),
    failed: (error) => stop(unwritable(folder, error)),
    putBack: stop,
    caught: ({ code, entry }) => {
      member.reset();
      report({ type: "history", code, entry });
    },
  });
  const report = (event: MemberEvent): void => {
    const { bytesSent, bytesReceived } = connection;
    onEvent({ ...event, bytesSent, bytesReceived });
  };
  const member = new Member({
    memberId,
    charter,
    identity,
    coordinatorKey,
    vault: {
      ...vault.facts,
      pinKey: (id, key) => {
        vault.keys.pin(id, key);
        vault.keys.seen(key, osClock.nowMs());
      },
      endRun: (runId, why) => vault.endRun(runId, why),
      record: (entry) => {
        evidence.record(entry);
        copy.saw(entry);
      },
      saveProposal: (proposal) => vault.saveProposal(proposal),
      saveDecision: (decision) => vault.saveDecision(decision),
      closeProposal: (runId, code) => vault.closeProposal(runId, code),
    },
    clock: osClock,
    policy: () => readPolicy(folder),
    gate: (message, answer) =>
      gate.request(message, (reply) => {
        answer(reply);
        // A ledger that is not as it was left: nothing more is asked of it, and a person has to look.
        if (reply.type === "failed" && reply.code === "ledger.damaged") stop(asError(reply));
      }),
    rng: osRng,
    kem: osKem,
    send: (message, sealed) => connection.send(message, sealed),
    report,
  });
  const connection = new Connection({
    url: options.url ?? coordinatorUrl,
    caPath: options.caPath,
    allowPlain: options.allowPlain,
    room,
    memberId,
    identity,
    coordinatorKey,
    onDelivery: (told) => {
      if (phase !== "running") return;
      if (told.message.type !== "roomExtended") return catchUp.deliver(told);
      copy.extend(told.message);
      if (copy.fault) catchUp.release();
      else catchUp.extended(told.message.size);
    },
    onState: (state, detail) => onEvent({ type: "connection", state, detail }),
    onNewSession: () => {
      member.reset();
      catchUp.begin();
      copy.announce();
    },
  });
  const catchUp = new CatchUp({
    copy,
    recall: (answers, known) =>
      gate.request({ type: "recall", answers }, (reply) => {
        if (reply.type === "recalled") known();
        else stop(asError(reply));
      }),
    deliver: ({ message, vector }) => {
      if (phase !== "running") return;
      const isAsked = message.type === "runProposed" || message.type === "runOffered";
      if (ownCharter.isAmended && isAsked) return;
      // A coordinator that told two stories gets no word for, and no part of this member in, any run.
      const fault = copy.fault ? FORK : ownCharter.fault;
      if (fault && message.type === "runProposed") return;
      if (fault && message.type === "runOffered")
        return connection.send({ type: "runDeclined", runId: message.runId, reasons: [fault] });
      member.deliver({ message, vector });
    },
  });
  const ownKey = new OwnKey(vault, identity);
  const stopHearing = hearDecisions(vault, (decision) => {
    if (decision === "left") stop(hasLeft(folder));
    else if (decision === "changed") ownKey.look();
    else member.decided(decision);
  });
  if (copy.fault) report({ type: "history", code: copy.fault.code, entry: copy.fault.entry });
  const close = async (): Promise<void> => {
    phase = "closed";
    stopHearing();
    connection.close();
    await gate.close();
    await copy.close();
    vault.close();
    evidence.close();
  };
  const run = Promise.race([connection.run(), stopped]).then(() => "closed" as const);
  const ended = run.catch((error) => (phase === "closed" ? "closed" : ownKey.orRotated(error)));
  const done = Promise.race([ended, ownKey.rotated, ownCharter.amended]);
  return { memberId, done, close };
}

/** @throws {CloisterError} If the copy is not as this agent wrote it. */
function openCopy(
  vault: Vault,
  folder: string,
  ports: Pick<CopyParams, "send" | "failed" | "caught" | "heard" | "putBack">,
): TranscriptCopy {
  const { memberId, coordinatorKey } = vault.enrolment();
  const cosigned = vault.cosigned();
  const heads = new Map(cosigned ? [[cosigned.size, cosigned.root]] : []);
  // Whose keys have changed is each run's own question: see the policy.
  const trust = { coordinatorKey, memberKeys: new Map(), heads };
  const identity = identityFromSecret(vault.identitySecret(osRng));
  const saveCosigned = (size: number, root: string): void => vault.saveCosigned({ size, root });
  const own = { folder, memberId, identity, trust };
  return new TranscriptCopy({ ...own, saveCosigned, ...ports });
}

function asError(reply: FromGate): CloisterError {
  if (reply.type === "failed")
    return new CloisterError(reply.code, reply.message, reply.exitCode as ExitCode);
  return new CloisterError("gate.unexpected", `the gate answered ${reply.type}`, EXIT.failed);
}

function unwritable(folder: string, cause: unknown): CloisterError {
  const what = "the copy of the room's history cannot be written; check the disk's free space";
  return new CloisterError("transcript.unwritable", `${folder}: ${what}`, EXIT.failed, cause);
}

/** A person decides in another process, and the vault is where they meet. @returns Stops it. */
function hearDecisions(
  vault: Vault,
  hear: (decision: Decision | "left" | "changed") => void,
): () => void {
  const known = new Set(vault.decisions().map(({ signature }) => signature));
  let version = vault.dataVersion;
  const timer = setInterval(() => {
    if (vault.dataVersion === version) return;
    version = vault.dataVersion;
    hear("changed");
    if (vault.leaving()) hear("left");
    for (const decision of vault.decisions()) {
      if (known.has(decision.signature)) continue;
      known.add(decision.signature);
      hear(decision);
    }
  }, HEAR_MS);
  return () => clearInterval(timer);
}

/** The vault remembers the ledger and the population from the first start on. */
async function openGate(
  vault: Vault,
  charter: Charter,
  { folder, population: declared }: AgentOptions,
): Promise<GateHost> {
  const enrolment = vault.enrolment();
  const { memberId, dataPath, coordinatorKey: requester } = enrolment;
  const ledger = ledgerPlaceOf(enrolment, folder);
  const population = declared ?? populationOf(enrolment);
  const gate = new GateHost(memberId);
  try {
    const data = { dataPath, population, requester, purpose: "work", ownFolder: folder } as const;
    const amendments = vault.charters.signed();
    const identitySecret = vault.identitySecret(osRng);
    const { ledgerId } = await gate.ask(
      { type: "open", charter, amendments, ledger, ...data, identitySecret },
      "opened",
    );
    vault.saveEnrolment({ ...enrolment, ledgerId, population });
    return gate;
  } catch (error) {
    await gate.close();
    if (!(error instanceof CloisterError) || error.code !== "data.file-not-found") throw error;
    const remedy = `if it has moved: cloister agent settings --data FILE --folder ${folder}`;
    throw badInput(error.code, `${error.message}; ${remedy}`, error);
  }
}
