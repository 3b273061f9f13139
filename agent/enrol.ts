/** EDGE: enrolment: a one-time token becomes a place in the room; the identity key is made here and stays here. */

import { toHex } from "../shared/base/bytes.ts";
import { counted } from "../shared/base/counted.ts";
import { randomBytes } from "../shared/base/env.ts";
import { badInput, CloisterError, EXIT } from "../shared/base/errors.ts";
import { Charter, charterHash, parseOrRefuse } from "../shared/charter/charter.ts";
import { fingerprint, identityFromSecret, verifySignature } from "../shared/crypto/identity.ts";
import { osRng } from "../shared/edge/os.ts";
import { coordinatorStatement, enrolmentStatement } from "../shared/protocol/handshake.ts";
import { PROTOCOL_VERSION } from "../shared/protocol/limits.ts";
import { GateHost } from "./gate/host.ts";
import type { LedgerPlace } from "./gate/messages.ts";
import { type Address, dial } from "./link.ts";
import { ledgerPlaceOf, populationOf } from "./places.ts";
import type { Enrolment, Vault } from "./vault.ts";

export interface EnrolOptions extends Address {
  readonly token: string;
  readonly dataPath: string;
  readonly folder: string;
  /** A ledger shared with other agents of this member; left out: the folder's own. */
  readonly ledgerPath?: string | undefined;
  /** Whose records the data are; left out: the file's name says it. */
  readonly population?: string | undefined;
}

export interface EnrolResult {
  readonly memberId: string;
  readonly room: string;
  readonly purpose: string;
  readonly charterHash: string;
  readonly fingerprint: string;
  readonly rowCount: number;
  readonly unitCount: number;
}

export function hasLeft(folder: string): CloisterError {
  return new CloisterError(
    "agent.left",
    `${folder}: this member has left the room, and its agent takes part in nothing; to come back, enrol in another folder`,
    EXIT.refused,
  );
}

/** `secret.fingerprint`: the fingerprint pins the coordinator's key at the first contact. */
function splitToken(token: string): { secret: string; coordinator: string } {
  const [secret, coordinator, ...rest] = token.split(".");
  if (!secret || !coordinator || rest.length > 0) {
    throw badInput(
      "token.malformed",
      'not a token; copy the whole line that "cloister room invite" printed',
    );
  }
  return { secret, coordinator };
}

/**
 * Checks the data against the charter before anything is signed, so that a wrong file costs nothing:
 * the token stays good.
 */
export async function enrol(vault: Vault, options: EnrolOptions): Promise<EnrolResult> {
  const { secret, coordinator } = splitToken(options.token);
  if (vault.leaving()) throw hasLeft(options.folder);
  const identity = identityFromSecret(vault.identitySecret(osRng));
  const { socket, handshake } = await dial(options);
  try {
    const challenge = await handshake.expect("challenge");
    if (fingerprint(challenge.coordinatorKey) !== coordinator) {
      throw new CloisterError(
        "coordinator.impostor",
        `${options.url}: this coordinator's key is not the one in the token; ask for the address and a new token`,
        EXIT.refused,
      );
    }
    const nonce = randomBytes(osRng, 32);
    handshake.send({
      type: "enrol",
      version: PROTOCOL_VERSION,
      token: secret,
      identityKey: identity.publicKey,
      nonce,
    });
    const offer = await handshake.expect("offer");
    const nonces = { coordinator: challenge.nonce, agent: nonce };
    if (
      !verifySignature(
        challenge.coordinatorKey,
        coordinatorStatement(nonces, offer.memberId, offer.charter),
        offer.signature,
      )
    ) {
      throw new CloisterError(
        "coordinator.impostor",
        `${options.url}: the charter is not signed by this coordinator`,
        EXIT.refused,
      );
    }
    const charter = offeredCharter(offer.charter, options.url);
    const coordinatorKey = toHex(challenge.coordinatorKey);
    const { dataPath, folder } = options;
    const population = populationOf(options);
    // Its own ledger goes where the folder goes, so its place is not written down.
    const shared = options.ledgerPath === undefined ? {} : { ledgerPath: options.ledgerPath };
    const data = { dataPath, population };
    const ledger = ledgerPlaceOf(shared, folder);
    const asked = { memberId: offer.memberId, coordinatorKey, ledger };
    const { ledgerId, ...counts } = await checkData(charter, { ...data, ...asked });
    const hash = charterHash(charter);
    handshake.send({
      type: "accept",
      signature: identity.sign(enrolmentStatement(hash, offer.memberId, identity.publicKey)),
    });
    await handshake.expect("enrolled");
    vault.saveEnrolment({
      memberId: offer.memberId,
      room: charter.room,
      coordinatorUrl: options.url,
      coordinatorKey,
      charter: offer.charter,
      ...data,
      ...shared,
      ledgerId,
    });
    const { room, purpose } = charter;
    return {
      memberId: offer.memberId,
      room,
      purpose,
      charterHash: hash,
      fingerprint: fingerprint(identity.publicKey),
      ...counts,
    };
  } finally {
    socket.terminate();
  }
}

function offeredCharter(text: string, url: string): Charter {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const remedy = "ask who runs it which version it is";
    throw badInput("charter.not-json", `${url}: the charter offered is not JSON; ${remedy}`, cause);
  }
  return parseOrRefuse(Charter, value, `${url}: the charter offered`);
}

type OwnData = Pick<Enrolment, "memberId" | "coordinatorKey" | "dataPath"> & {
  readonly ledger: LedgerPlace;
  readonly population: string;
};

interface Found {
  readonly rowCount: number;
  readonly unitCount: number;
  readonly ledgerId: string;
}

/**
 * Whether a table and a ledger would do under a charter. The ledger learns nothing of the table.
 *
 * @throws {CloisterError} What is wrong with either.
 */
export async function checkData(charter: Charter, options: OwnData): Promise<Found> {
  const found = await readOnce(charter, options);
  if (found.rowCount < charter.minimums.rows) {
    throw badInput(
      "data.too-few-rows",
      `${options.dataPath}: ${counted(found.rowCount, "row")}; the charter asks for at least ${charter.minimums.rows}`,
    );
  }
  return found;
}

/** What a table and a ledger come to, for a gate that opens them and does no more. @throws {CloisterError} If it cannot. */
export async function readOnce(charter: Charter, options: OwnData): Promise<Found> {
  const { dataPath, ledger, population, memberId, coordinatorKey: requester } = options;
  const gate = new GateHost(memberId);
  try {
    const data = { dataPath, population, requester, purpose: "check" } as const;
    const opened = await gate.ask({ type: "open", charter, ledger, ...data }, "opened");
    const { rowCount, unitCount, ledgerId } = opened;
    return { rowCount, unitCount, ledgerId };
  } finally {
    await gate.close();
  }
}
