/** EDGE: a running agent: vault, gate thread and connection wired together. */
import { Charter, parseOrRefuse } from "../shared/charter/charter.ts";
import { identityFromSecret } from "../shared/crypto/identity.ts";
import { osKem, osRng } from "../shared/edge/os.ts";
import { Connection } from "./connection.ts";
import { Evidence, evidencePath } from "./evidence.ts";
import { GateHost } from "./gate/host.ts";
import type { Address } from "./link.ts";
import { Member } from "./member.ts";
import type { MemberEvent } from "./member-events.ts";
import { ledgerPath, Vault } from "./vault.ts";

/** What the member's own terminal shows; the bytes are all that this process has sent and received. */
export type AgentEvent =
  | (MemberEvent & { readonly bytesSent: number; readonly bytesReceived: number })
  | { readonly type: "connection"; readonly state: string; readonly detail: string };

export interface AgentOptions extends Partial<Address> {
  readonly folder: string;
  readonly onEvent: (event: AgentEvent) => void;
}

export interface RunningAgent {
  readonly memberId: string;
  /** Resolves when closed; rejects with what a retry cannot mend. */
  readonly done: Promise<void>;
  close(): Promise<void>;
}

/** @throws {CloisterError} If the folder, the data or the charter do not allow a start. */
export async function startAgent(options: AgentOptions): Promise<RunningAgent> {
  const { folder, onEvent } = options;
  const vault = Vault.openExisting(folder);
  const {
    memberId,
    room,
    coordinatorUrl,
    coordinatorKey,
    charter: text,
    dataPath,
  } = vault.enrolment();
  const charter = parseOrRefuse(Charter, JSON.parse(text), "the charter in the vault");
  const identity = identityFromSecret(vault.identitySecret(osRng));
  const gate = new GateHost(memberId);
  try {
    await gate.ask({ type: "open", charter, dataPath, ledgerPath: ledgerPath(folder) }, "opened");
  } catch (error) {
    await gate.close();
    throw error;
  }
  const evidence = new Evidence(evidencePath(folder));
  const member = new Member({
    memberId,
    charter,
    identity,
    coordinatorKey,
    vault: {
      pinnedKeys: () => vault.pinnedKeys(),
      pinKey: (id, key) => vault.pinKey(id, key),
      record: (entry) => evidence.record(entry),
    },
    gate: (message, answer) => gate.request(message, answer),
    rng: osRng,
    kem: osKem,
    send: (message, sealed) => connection.send(message, sealed),
    report: (event) => {
      const { bytesSent, bytesReceived } = connection;
      onEvent({ ...event, bytesSent, bytesReceived });
    },
  });
  const connection = new Connection({
    url: options.url ?? coordinatorUrl,
    caPath: options.caPath,
    allowPlain: options.allowPlain,
    room,
    memberId,
    identity,
    coordinatorKey,
    onDelivery: (delivery) => member.deliver(delivery),
    onState: (state, detail) => onEvent({ type: "connection", state, detail }),
    onNewSession: () => member.reset(),
  });
  const close = async (): Promise<void> => {
    connection.close();
    await gate.close();
    vault.close();
    evidence.close();
  };
  return { memberId, done: connection.run(), close };
}
