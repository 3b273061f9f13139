/** Tokens: their form, what is kept of them, how long they hold, and that a wrong one is told apart in constant time. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test, vi } from "vitest";
import { DAY_MS, TokenRequest, tokenHash } from "../../../coordinator/access/token.ts";
import { Store } from "../../../coordinator/store.ts";
import { equalBytes, toHex } from "../../../shared/base/bytes.ts";
import { reproducibleRng } from "../../../shared/base/reproducible.ts";

vi.mock("../../../shared/base/bytes.ts", async (importOriginal) => {
  const original = await importOriginal<typeof import("../../../shared/base/bytes.ts")>();
  return { ...original, equalBytes: vi.fn(original.equalBytes) };
});

const folder = mkdtempSync(join(tmpdir(), "cloister-tokens-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let nowMs = Date.UTC(2026, 10, 25, 12);
const clock = { nowMs: () => nowMs };
let count = 0;
let path = "";
let store: Store;
beforeEach(() => {
  nowMs = Date.UTC(2026, 10, 25, 12);
  path = join(folder, String(count++), "coordinator.db");
  store = new Store(path, clock);
  return () => store.close();
});

const rng = reproducibleRng("tokens");
const ada = { role: "analyst", room: "card-fraud", name: "Ada", days: 90 } as const;
const create = (more: Partial<TokenRequest> = {}) =>
  store.accessTokens.create({ ...ada, ...more, room: more.room ?? ada.room }, rng);

test("a token names its id, is 32 random bytes besides, and is presented as who it was made for", () => {
  const { token, ...issued } = create();
  expect(token).toMatch(/^cloister_[0-9a-f]{12}_[A-Za-z0-9_-]{43}$/);
  expect(token).toContain(`_${issued.id}_`);
  expect(create().token).not.toBe(token);
  expect(store.accessTokens.present(token)).toEqual(issued);
  expect(issued).toMatchObject({ role: "analyst", room: "card-fraud", name: "Ada" });
  expect(issued.expiresAtMs - issued.createdAtMs).toBe(90 * DAY_MS);
});

test("no file of the coordinator's holds a token, or the secret in it, in any of the forms it might have", () => {
  const { token, id } = create();
  store.accessTokens.present(token);
  const secret = token.slice(-43);
  const bytes = Buffer.from(secret, "base64url");
  const files = readdirSync(join(path, "..")).map((name) => readFileSync(join(path, "..", name)));
  const holds = (what: string | Buffer): boolean => files.some((file) => file.includes(what));
  expect(holds(id) && holds(toHex(tokenHash(token)))).toBe(true); // The search finds what is there.
  for (const form of [token, secret, secret.slice(5, 30), bytes, bytes.toString("hex")])
    expect(holds(form)).toBe(false);
});

test("a token holds up to its last millisecond, and is told that it has expired from then on", () => {
  const { token, id } = create({ days: 1 });
  nowMs += DAY_MS - 1;
  expect(store.accessTokens.present(token)).toMatchObject({ id });
  expect(store.accessTokens.isActive(id)).toBe(true);
  nowMs += 1;
  expect(store.accessTokens.present(token)).toBe("expired");
  expect(store.accessTokens.isActive(id)).toBe(false);
});

test("a revoked token is refused from that moment, stays revoked, and others go on", () => {
  const [stolen, other] = [create(), create({ name: "Grace" })];
  expect(store.accessTokens.revoke(stolen.id).revokedAtMs).toBe(nowMs);
  expect(store.accessTokens.present(stolen.token)).toBe("revoked");
  expect(store.accessTokens.isActive(stolen.id)).toBe(false);
  const revokedAtMs = nowMs;
  nowMs += 200 * DAY_MS; // Also after it would have expired.
  expect(store.accessTokens.revoke(stolen.id).revokedAtMs).toBe(revokedAtMs);
  expect(store.accessTokens.present(stolen.token)).toBe("revoked");
  nowMs = revokedAtMs;
  expect(store.accessTokens.present(other.token)).toMatchObject({ name: "Grace" });
  expect(() => store.accessTokens.revoke("0".repeat(12))).toThrow(/no token has this id/);
});

test("an unknown id and a wrong secret cost the same one comparison of two hashes, and read alike", () => {
  const { token, id } = create();
  const wrongSecret = `cloister_${id}_${"A".repeat(43)}`;
  const unknownId = token.replace(id, "0".repeat(12));
  const compared = vi.mocked(equalBytes);
  for (const text of [wrongSecret, unknownId, "no token at all", "", token]) {
    compared.mockClear();
    const presented = store.accessTokens.present(text);
    expect(typeof presented === "string" ? presented : presented.id).toBe(
      text === token ? id : "unknown",
    );
    expect(compared.mock.calls.map(([a, b]) => [a.length, b.length])).toEqual([[32, 32]]);
  }
  store.accessTokens.revoke(id);
  expect(store.accessTokens.present(wrongSecret)).toBe("unknown"); // Nor does it learn that it was revoked.
});

test("every bit of the secret counts", () => {
  const { token } = create();
  const at = token.length - 43;
  for (let i = at; i < token.length; i++) {
    const other = token[i] === "A" ? "B" : "A";
    const changed = `${token.slice(0, i)}${other}${token.slice(i + 1)}`;
    expect(store.accessTokens.present(changed)).toBe("unknown");
  }
  expect(store.accessTokens.present(` ${token}`)).toBe("unknown");
});

test("the list says whose, for what, until when, the day of last use and the state, and no token or hash", () => {
  const { token, id } = create();
  const { id: second } = create({ role: "member-admin", memberId: "bank-1", name: "Grace" });
  expect(store.accessTokens.list()[0]?.lastUsedDay).toBeNull();
  store.accessTokens.present(token);
  nowMs += 2 * DAY_MS;
  store.accessTokens.present(token);
  store.accessTokens.revoke(second);
  const list = store.accessTokens.list();
  expect(new Map(list.map((one) => [one.id, one.state]))).toEqual(
    new Map([
      [id, "active"],
      [second, "revoked"],
    ]),
  );
  expect(list.find((one) => one.id === id)?.lastUsedDay).toBe("2026-11-27");
  const text = JSON.stringify(list);
  expect(text).not.toContain(token.slice(-43));
  expect(text).not.toContain(toHex(tokenHash(token)));
  nowMs += 90 * DAY_MS;
  expect(store.accessTokens.list().map(({ state }) => state)).toContain("expired");
});

test("a restart keeps tokens, what was revoked, and when they were used", () => {
  const [kept, revoked] = [create(), create()];
  store.accessTokens.present(kept.token);
  store.accessTokens.revoke(revoked.id);
  const before = store.accessTokens.list();
  store.close();
  store = new Store(path, clock);
  expect(store.accessTokens.list()).toEqual(before);
  expect(store.accessTokens.present(kept.token)).toMatchObject({ id: kept.id });
  expect(store.accessTokens.present(revoked.token)).toBe("revoked");
});

test.each([
  [{ days: 366 }, "a year"],
  [{ days: 0 }, "days"],
  [{ days: 1.5 }, "days"],
  [{ name: " " }, "name"],
  [{ name: "A\u001b[2J" }, "letters"],
  [{ name: "x".repeat(101) }, "name"],
  [{ role: "operator" }, "role"],
  [{ role: "member" }, "role"],
  [{ role: "member-admin" }, "memberId"],
  [{ memberId: "bank-1" }, "memberId"],
  [{ hash: "00" }, "hash"],
])("a token of %j is not asked for", (change, mention) => {
  const { room, ...rest } = ada;
  expect(TokenRequest.safeParse({ ...rest, room }).success).toBe(true);
  const { error } = TokenRequest.safeParse({ ...rest, room, ...change });
  expect(JSON.stringify(error?.issues)).toContain(mention);
});

test("a token lasts ninety days where nothing is said", () => {
  expect(TokenRequest.parse({ role: "auditor", name: " Ada " })).toEqual({
    role: "auditor",
    name: "Ada",
    days: 90,
  });
});
