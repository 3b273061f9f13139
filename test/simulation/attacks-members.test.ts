/** Members who lie: they are named, the honest are not, and the run goes on without them. */
import { expect, test, vi } from "vitest";
import { randomBytes } from "../../shared/base/env.ts";
import { framed, sha256 } from "../../shared/crypto/hash.ts";
import type { AgentMessage } from "../../shared/protocol/messages.ts";
import type { Batch } from "../../shared/secagg/batch.ts";
import { type DealtPrekeys, parseEntries } from "../../shared/secagg/entries.ts";
import {
  attacked,
  blamed,
  faultsSeenBy,
  type OfType,
  resignedJoin,
  survivorsOf,
} from "./attacks.ts";
import { unsafeSeededRng } from "./dice.ts";
import type { DealerLie } from "./lying-dealer.ts";
import type { Sent, Simulation, SimulationParams } from "./simulation.ts";

const LIAR = 1;
const dealer = vi.hoisted((): DealerLie => ({ liar: 1, change: null }));
vi.mock("../../shared/secagg/prekeys.ts", async (original) => {
  const { lyingDealer } = await import("./lying-dealer.ts");
  return lyingDealer(await original(), dealer);
});

const rng = unsafeSeededRng("lying members");

type Lie<Type extends AgentMessage["type"]> = (
  message: OfType<AgentMessage, Type>,
  simulation: Simulation,
  sent: Sent<AgentMessage>,
) => readonly Sent<AgentMessage>[];

/** What the liar makes of its own messages, by type. */
type Lies = { readonly [Type in AgentMessage["type"]]?: Lie<Type> };

/** One member lies; everyone else is honest. */
function lying(lies: Lies, params: Partial<SimulationParams> = {}): Simulation {
  let running: Simulation | null = null;
  const fromAgent = (member: number, sent: Sent<AgentMessage>) => {
    const lie = lies[sent.message.type] as Lie<AgentMessage["type"]> | undefined;
    return member === LIAR && running && lie ? lie(sent.message, running, sent) : [sent];
  };
  return attacked({ liars: [LIAR], fromAgent, memberCount: 5, ...params }, (simulation) => {
    running = simulation;
  });
}

/** `change` works on the entries of the liar's prekeys, before it signs them. */
function dealing(change: NonNullable<DealerLie["change"]>, lies: Lies = {}): Simulation {
  dealer.change = change;
  try {
    return lying(lies);
  } finally {
    dealer.change = null;
  }
}

/** Spoils a whole column of what the liar deals. */
function changing(column: Exclude<keyof DealtPrekeys, "count">) {
  return (entries: Uint8Array, batch: Batch): void => {
    const bytes = parseEntries(batch, LIAR, entries)?.[column];
    if (!bytes?.length) throw new Error("nothing to change");
    for (let i = 0; i < bytes.length; i++) bytes[i] = (bytes[i] ?? 0) ^ 0x55;
  };
}

function expectGoesOnWithout(simulation: Simulation): void {
  expect(simulation.violations).toEqual([]);
  expect(simulation.status).toBe("completed");
  expect(survivorsOf(simulation).at(-1)).toBe("1 3 4 5");
}

/** Gives out something else than it holds, under a signature of its own. */
function giving(change: (message: OfType<AgentMessage, "shares">) => void): Lie<"shares"> {
  return (message, { run, agents }) => {
    const { seed, shares } = { seed: message.seed.slice(), shares: message.shares.slice() };
    change({ ...message, seed, shares });
    const { identity } = run.room.members[LIAR] ?? { identity: run.room.coordinator };
    const included = agents[LIAR]?.evidence.findLast(({ kind }) => kind === "included");
    if (included?.kind !== "included") return [];
    const statement = framed("cloister/3/shares", included.inclusion, LIAR, seed, sha256(shares));
    return [{ message: { ...message, seed, shares, signature: identity.sign(statement) } }];
  };
}
function flip(bytes: Uint8Array): void {
  if (bytes.length > 0) bytes[9] = (bytes[9] ?? 0) ^ 1;
}

test("a wrong seed of its own names the member, and the sum is opened without its help", () => {
  const simulation = lying({ shares: giving(({ seed }) => flip(seed)) });
  expectGoesOnWithout(simulation);
  expect(blamed(simulation)).toEqual(["wrongSeed bank-2"]);
  expect(survivorsOf(simulation)[0]).toBe("1 2 3 4 5"); // Its vector was sound.
});

test.each([
  ["a survivor that falls silent after the certificate", "shares", "1 2 3 4 5 6 7"],
  ["a dropout", "masked", "1 2 3 4 5 6"],
] as const)("a wrong share of %s names whoever gave it out, and the sum is opened without it", (_, type, counted) => {
  const lie = giving(({ shares }) => flip(shares));
  let running: Simulation | null = null;
  const fromAgent = (member: number, sent: Sent<AgentMessage>): readonly Sent<AgentMessage>[] => {
    const { message } = sent;
    if (member === 6 && message.type === type) return [];
    const lies = member === LIAR && message.type === "shares" && message.shares.length > 0;
    return lies && running ? lie(message, running, sent) : [sent];
  };
  const simulation = attacked({ memberCount: 7, liars: [LIAR], fromAgent }, (started) => {
    running = started;
  });
  expect(simulation.violations).toEqual([]);
  expect(simulation.status).toBe("completed");
  expect(survivorsOf(simulation)[0]).toBe(counted); // The liar's vector was sound.
  expect(blamed(simulation)).toEqual(["wrongShare bank-2"]);
});

test("shares of the wrong length, or wrong and not signed, are rejected; right ones need no signature", () => {
  const short = lying({
    shares: (message) => [{ message: { ...message, shares: new Uint8Array(1) } }],
  });
  expect(blamed(short)).toEqual(["malformed bank-2"]);
  const unsigned = lying({
    shares: (message) => [{ message: { ...message, signature: randomBytes(rng, 64) } }],
  });
  expect(blamed(unsigned)).toEqual([]);
  const wrong = lying({
    shares: (message) => {
      const seed = message.seed.map((byte) => byte ^ 1);
      return [{ message: { ...message, seed, signature: randomBytes(rng, 64) } }];
    },
  });
  expect(blamed(wrong)).toEqual(["badSignature bank-2"]);
  for (const { status, violations } of [short, unsigned, wrong])
    expect({ status, violations }).toEqual({ status: "completed", violations: [] });
});

test("a channel key of all zeros is caught by everyone who would use it", () => {
  const simulation = lying({
    runJoined: (message, { run }) => [
      { message: resignedJoin(run, LIAR, { channelKey: new Uint8Array(32) }, message) },
    ],
  });
  expectGoesOnWithout(simulation);
  for (const honest of [0, 2, 3, 4])
    expect(faultsSeenBy(simulation, honest)).toContain("badChannelKey bank-2");
});

test("another member's key is of no use: nobody who takes it agrees with the liar", () => {
  let stolen: Uint8Array | null = null;
  const simulation = lying(
    {
      runJoined: (message, { run }) => [
        { message: resignedJoin(run, LIAR, stolen ? { channelKey: stolen } : {}, message) },
      ],
    },
    {
      toAgent: (_, sent) => {
        const { message } = sent;
        const first =
          message.type === "membersJoined" && message.members.find((m) => m.member === 0);
        if (first) stolen ??= first.channelKey;
        return [sent];
      },
    },
  );
  expect(simulation.violations).toEqual([]);
  expect(simulation.status).toBe("completed");
});

test("an ML-KEM key that is none is caught by those who would encapsulate to it", () => {
  const simulation = lying({
    runJoined: (message, { run }) => [
      { message: resignedJoin(run, LIAR, { kemKey: randomBytes(rng, 1184) }, message) },
    ],
  });
  expectGoesOnWithout(simulation);
  expect(faultsSeenBy(simulation, 0)).toContain("badKemKey bank-2");
});

test("a garbage ML-KEM ciphertext is caught by whom it was meant for", () => {
  const simulation = lying({
    channelSecrets: (message) => {
      const secrets = message.secrets.map((secret) => ({
        ...secret,
        ciphertext: randomBytes(rng, 1088),
      }));
      return [{ message: { ...message, secrets } }];
    },
  });
  expectGoesOnWithout(simulation);
  for (const honest of [2, 3]) // Half of the circle; the others encapsulate to the liar.
    expect(faultsSeenBy(simulation, honest)).toContain("badCiphertext bank-2");
});

test("garbage in place of sealed shares names its dealer to the holder that needed them; enough others hold it", () => {
  const simulation = dealing(changing("sealed"));
  expect(simulation.violations).toEqual([]);
  expect(simulation.status).toBe("completed");
  // Of four holders three derive their shares: with the dealer's own they are as many as a secret needs.
  expect(faultsSeenBy(simulation, 0)).toEqual(["badShares bank-2"]);
  for (const other of [2, 3, 4]) expect(faultsSeenBy(simulation, other)).toEqual([]);
  expect(survivorsOf(simulation)).toEqual(["1 2 3 4 5", "1 2 3 4 5"]);
});

test("wrong tags of shares are caught by their holders, wrong tags of pairs by the coordinator", () => {
  const shareTags = dealing(changing("shareTags"));
  expectGoesOnWithout(shareTags);
  expect(faultsSeenBy(shareTags, 0)).toEqual(["badShares bank-2"]);
  const pairTags = dealing(changing("pairTags"));
  expectGoesOnWithout(pairTags);
  expect(blamed(pairTags)).toEqual(["prekeysDisputed bank-2"]);
});

test("prekeys that cannot be used do not have everyone deal again and again", () => {
  let last = -1;
  const garbage: Lie<"prekeys"> = (message) => {
    last = Math.max(last, message.batch);
    return [{ message: { ...message, signature: randomBytes(rng, 64) } }];
  };
  expectGoesOnWithout(lying({ prekeys: garbage }, { rounds: 8, batchAttempts: 8 }));
  expect(last).toBeLessThanOrEqual(2); // Batches of eight for eight rounds, each dealt half a batch ahead.
});

test("prekeys that are not signed, or of the wrong size, are not taken", () => {
  const unsigned = lying({
    prekeys: (message) => [{ message: { ...message, signature: randomBytes(rng, 64) } }],
  });
  const short = lying({
    prekeys: (message) => [{ message: { ...message, entries: message.entries.slice(1) } }],
  });
  for (const simulation of [unsigned, short]) {
    expectGoesOnWithout(simulation);
    expect(blamed(simulation)).toEqual(["badPrekeys bank-2"]);
  }
});

test("shares that do not rebuild what was committed to name their dealer, who cannot be left out of that round", () => {
  let dealings = 0;
  const simulation = dealing((entries, batch) => {
    dealings += 1;
    if (dealings === 1) changing("commitments")(entries, batch); // Once: then it deals well.
  });
  // It tells the seed that it shared out; that is not the one it committed to.
  expect(blamed(simulation)).toEqual(["wrongSeed bank-2", "inconsistentShares bank-2"]);
  expect(simulation.violations).toEqual([]);
  expect(simulation.status).toBe("completed");
  // Shares of all five were out: the round is opened over them or not at all. Then it goes on without the liar.
  expect(survivorsOf(simulation)).toEqual(["1 2 3 4 5", "1 3 4 5"]);
});

test("a member that deals so again and again ends a run without noise, and is named", () => {
  const simulation = dealing(changing("commitments"));
  // It tells the seed that it shared out; that is not the one it committed to.
  expect(blamed(simulation)).toEqual(["wrongSeed bank-2", "inconsistentShares bank-2"]);
  expect(simulation.violations).toEqual([]);
  const end = simulation.events.find((event) => event.type === "failed");
  expect(end?.type === "failed" && end.reason).toBe(
    "round 0: 20 attempts failed, the last with badPrekeys; it may be opened over bank-1, bank-2, bank-3, bank-4, bank-5 only; caught cheating, yet one of them: bank-2",
  );
});

test("a recovery box with other seeds names its owner when it is needed", () => {
  const simulation = dealing(changing("boxes"), {
    masked: () => [], // It vanishes after COMMIT: its masks have to be opened without it.
  });
  expectGoesOnWithout(simulation);
  expect(blamed(simulation)).toEqual(["badRecoveryBox bank-2"]);
});

test("what is said twice counts once, and of two vectors the first", () => {
  const twice: Lie<AgentMessage["type"]> = (_, __, sent) => [sent, sent];
  for (const type of ["ready", "confirmed", "shares"] as const) {
    const simulation = lying({ [type]: twice });
    expect(simulation.violations).toEqual([]);
    expect(simulation.status).toBe("completed");
    expect(survivorsOf(simulation)).toEqual(["1 2 3 4 5", "1 2 3 4 5"]);
    for (const fault of blamed(simulation)) expect(fault).toBe("duplicate bank-2");
  }
  const vectors = lying({
    masked: (message, _, { vector = new Uint8Array() }) => {
      const other = vector.map((byte) => byte ^ 0xff);
      const header = { byteLength: other.length, sha256: sha256(other) };
      return [
        { message, vector },
        { message: { ...message, vector: header }, vector: other },
      ];
    },
  });
  expect(vectors.violations).toEqual([]);
  expect(survivorsOf(vectors)).toEqual(["1 2 3 4 5", "1 2 3 4 5"]);
});

test("a vector of another length, hash or signature is not counted", () => {
  const changed: ((message: OfType<AgentMessage, "masked">) => AgentMessage)[] = [
    (message) => ({ ...message, signature: randomBytes(rng, 64) }),
    (message) => ({ ...message, vector: { ...message.vector, sha256: randomBytes(rng, 32) } }),
  ];
  for (const change of changed) {
    const simulation = lying({
      masked: (message, _, { vector }) => [{ message: change(message), vector }],
    });
    expect(simulation.violations).toEqual([]);
    expect(survivorsOf(simulation)).toEqual(["1 3 4 5", "1 3 4 5"]);
    expect(blamed(simulation)).toContain("badSignature bank-2");
  }
  const long = lying({
    masked: (message, _, { vector = new Uint8Array() }) => {
      const longer = new Uint8Array(vector.length + 3);
      const header = { byteLength: longer.length, sha256: sha256(longer) };
      return [{ message: { ...message, vector: header }, vector: longer }];
    },
  });
  expect(survivorsOf(long)).toEqual(["1 3 4 5", "1 3 4 5"]);
  expect(blamed(long)).toEqual(["wrongLength bank-2"]);
});
