/** Every route for every role, in its own room and from another's, against a room that has run; and tokens that end. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { Vault } from "../../agent/vault.ts";
import { listedRoutes, type Reach, type Role, reachOf } from "../../coordinator/access/table.ts";
import type { TokenRequest } from "../../coordinator/access/token.ts";
import { httpApi } from "../../coordinator/http/app.ts";
import { Store } from "../../coordinator/store.ts";
import { signRequest } from "../../shared/audit/request.ts";
import { toHex } from "../../shared/base/bytes.ts";
import { randomBytes } from "../../shared/base/env.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { type AmendmentWord, refuseAmendment } from "../../shared/charter/amendment.ts";
import { Charter, charterHash } from "../../shared/charter/charter.ts";
import { type KeyRotation, signRotation } from "../../shared/charter/key-change.ts";
import { Plan } from "../../shared/charter/manifest.ts";
import { type MemberStatement, signStatement } from "../../shared/charter/member-statement.ts";
import { type ReleaseDecision, signRelease } from "../../shared/charter/release.ts";
import { rosterHash } from "../../shared/charter/roster.ts";
import { identityFromSecret } from "../../shared/crypto/identity.ts";
import { osClock, osRng } from "../../shared/edge/os.ts";
import { memberIds, smallCharter, smallTable } from "../support/charters.ts";
import { RawAgent } from "../support/raw-agent.ts";
import { type ServiceRoom, serviceRoom } from "../support/service-room.ts";

const OWN = "test-room";
const OTHER = "other-room";
const ADMIN = "ad".repeat(32);
const DAY_MS = 24 * 3600 * 1000;
const folder = mkdtempSync(join(tmpdir(), "cloister-roles-"));
const members = memberIds(3);
const probe = (rounds: number): Plan =>
  Plan.parse({ task: { kind: "probe", dimension: 8, rounds }, privacy: "none" });
const TRAIN = Plan.parse({
  task: {
    kind: "train",
    model: { hidden: [] },
    scaling: "bounds",
    strategy: { kind: "fedAvg", rounds: 1, learningRate: 0.05 },
    evaluation: { everyRounds: null, bins: 8 },
  },
  privacy: "none",
  room: OWN,
});
const COUNT = Plan.parse({
  task: { kind: "query", statistic: { kind: "count" } },
  privacy: "none",
  room: OWN,
});
const CHARTER: Charter = {
  ...smallCharter(members),
  tasks: ["train", "query", "probe"],
};
/** One member's people are to look at a model before it is handed out. */
const REVIEWING = Charter.parse({
  ...CHARTER,
  governance: { approvals: 2, release: { approvals: 1 } },
});

let room: ServiceRoom;
/** Of the completed run's model, signed by bank-1. */
let release: ReleaseDecision;
let api: ReturnType<typeof httpApi>;
/** A completed training run in the own room. */
let trained = "";
/** One that asked a question. */
let asked = "";
const strangersIdentity = identityFromSecret(randomBytes(reproducibleRng("other"), 32));

beforeAll(async () => {
  const tables = new Map(members.map((memberId) => [memberId, smallTable(memberId, 40)]));
  room = await serviceRoom({ folder, charter: REVIEWING, tables });
  api = httpApi(room.service, { adminToken: ADMIN, failuresPerMinute: 0 });
  trained = room.service.propose(TRAIN).runId;
  asked = room.service.propose(COUNT).runId;
  await idle();
  for (const run of [trained, asked])
    expect(room.service.catalog.find(run, OWN).status).toBe("completed");
  release = approval();
  room.service.rooms.create({ ...smallCharter(members), room: OTHER });
  enrolInOther("bank-1");
});

afterAll(async () => {
  await room.close();
  rmSync(folder, { recursive: true, force: true });
});

afterEach(() => void vi.restoreAllMocks());

/** A member of the other room that has the same name as one of this. */
function enrolInOther(memberId: string): void {
  const store = new Store(join(folder, "coordinator", "coordinator.db"), osClock);
  const token = store.invite(OTHER, memberId, 60_000, osRng);
  const identityKey = toHex(strangersIdentity.publicKey);
  const member = { identityKey, enrolmentSignature: "00".repeat(64) };
  store.enrol(token, { room: OTHER, memberId }, member);
  store.close();
}

const UNDER_WAY: readonly string[] = ["proposed", "running"];

async function idle(): Promise<void> {
  while (room.service.catalog.list(null).some(({ status }) => UNDER_WAY.includes(status)))
    await new Promise((resolve) => setTimeout(resolve, 20));
}

type Authorize = (method: string, path: string) => string;
interface Answer {
  readonly status: number;
  readonly code: string | null;
  readonly body: unknown;
  readonly text: string;
}

async function ask(
  authorize: Authorize | null,
  method: string,
  path: string,
  body?: unknown,
  address = "192.0.2.1",
): Promise<Answer> {
  const headers = authorize ? { authorization: authorize(method, path) } : {};
  const sent = typeof body === "string" ? body : JSON.stringify(body);
  const init = { method, headers, ...(body === undefined ? {} : { body: sent }) };
  const env = { incoming: { socket: { remoteAddress: address } } };
  const response = await api.request(`http://coordinator${path}`, init, env);
  const text = await response.text();
  // What answers HEAD has no body, whatever its type.
  const isJson = text !== "" && response.headers.get("content-type") === "application/json";
  const parsed: unknown = isJson ? JSON.parse(text) : null;
  const code = isJson && !response.ok ? (parsed as { code: string }).code : null;
  return { status: response.status, code, body: parsed, text };
}

const bearer =
  (token: string): Authorize =>
  () =>
    `Bearer ${token}`;
const operator = bearer(ADMIN);

function issue(request: Partial<TokenRequest> & Pick<TokenRequest, "role">): {
  token: string;
  id: string;
} {
  return room.service.createToken({ name: "Ada", room: OWN, days: 1, ...request });
}

/** As the agent of bank-1 signs: of this room, or of the other. */
function signed(memberRoom: string): Authorize {
  const vault = Vault.openExisting(join(folder, "bank-1"));
  const own = identityFromSecret(vault.identitySecret(osRng));
  vault.close();
  const identity = memberRoom === OWN ? own : strangersIdentity;
  const asker = { room: memberRoom, memberId: "bank-1" };
  const coordinatorKey = room.service.publicKey;
  return (method, path) =>
    signRequest(identity, { method, path, coordinatorKey }, asker, osClock.nowMs());
}

/** Signed by bank-1 of the room. */
function confirmation(): MemberStatement {
  const vault = Vault.openExisting(join(folder, "bank-1"));
  const identity = identityFromSecret(vault.identitySecret(osRng));
  vault.close();
  const { charterHash, roster } = room.service.rosterAnswer(OWN);
  const about = { memberId: "bank-1", charterHash, atMs: osClock.nowMs() };
  const said = { kind: "rosterConfirmed", rosterHash: rosterHash(charterHash, roster) } as const;
  return signStatement({ ...said, ...about }, identity);
}

function approval(): ReleaseDecision {
  const vault = Vault.openExisting(join(folder, "bank-1"));
  const identity = identityFromSecret(vault.identitySecret(osRng));
  vault.close();
  const run = room.service.catalog.find(trained, OWN);
  const { reviewed } = room.service.releases.view(REVIEWING, run);
  const { head, modelHash, cardHash } = reviewed ?? {};
  if (!head || !modelHash || !cardHash) throw new Error("the run left no model");
  const what = { runId: trained, head, modelHash, cardHash };
  const who = { memberId: "bank-1", reviewer: "Ada", reason: "read", atMs: osClock.nowMs() };
  return signRelease({ ...what, ...who, decision: "approved" }, identity);
}

const proposeAmendment = () =>
  room.service.amendments.propose({
    charter: { ...REVIEWING, rowsMax: 9_000 },
    reason: "a test",
    validDays: 1,
  });

/** Of bank-1 to the amendment that is open, which is proposed if need be: it ends it. */
function refusal(): AmendmentWord {
  const { open } = room.service.amendments.view(OWN);
  const { amendmentHash = "" } = open ?? proposeAmendment().open ?? {};
  const vault = Vault.openExisting(join(folder, "bank-1"));
  const identity = identityFromSecret(vault.identitySecret(osRng));
  vault.close();
  const said = { memberId: "bank-1", reason: "a test", atMs: osClock.nowMs() };
  return refuseAmendment({ amendmentHash }, said, identity);
}

/** bank-1's next key, drawn once. */
function nextKey(): KeyRotation {
  const vault = Vault.openExisting(join(folder, "bank-1"));
  const own = identityFromSecret(vault.identitySecret(osRng));
  const next = identityFromSecret(vault.keys.nextSecret(osRng));
  vault.close();
  return signRotation(charterHash(REVIEWING), "bank-1", own, next);
}

/** If it was taken, the agent is started again with it. */
async function withNextKey(): Promise<void> {
  const { identityKey } = nextKey();
  if (room.service.rooms.keyOf({ room: OWN, memberId: "bank-1" }) !== identityKey) return;
  const vault = Vault.openExisting(join(folder, "bank-1"));
  const own = identityFromSecret(vault.identitySecret(osRng));
  vault.keys.adoptNext(toHex(own.publicKey), identityKey);
  vault.close();
  await room.agents.get("bank-1")?.close();
  await room.start("bank-1");
}

/** Somebody of a role: of the room or of the other, and if of a member, of bank-1. */
function somebody(role: Role, ofRoom: string): Authorize {
  if (role === "operator") return operator;
  if (role === "member") return signed(ofRoom);
  const member = role === "member-admin" ? { memberId: "bank-1" } : {};
  return bearer(issue({ role, room: ofRoom, ...member }).token);
}

interface Trial {
  readonly path: string;
  readonly body?: () => object;
  /** What whoever is confined to the other room is told. */
  readonly elsewhere?: string;
  /** After it was allowed. */
  readonly after?: () => Promise<void>;
}

let rooms = 0;
/** How each route is asked about the run, the room and the member bank-1. A new route needs its trial. */
const TRIALS: Readonly<Record<string, () => Trial>> = {
  "GET /healthz": () => ({ path: "/healthz" }),
  "POST /v1/rooms": () => ({
    path: "/v1/rooms",
    body: () => Charter.parse({ ...smallCharter(members), room: `room-${rooms++}` }),
  }),
  // Withdrawn at once: one at a time is open.
  "POST /v1/amendments": () => ({
    path: "/v1/amendments",
    body: () => ({ charter: { ...REVIEWING, rowsMax: 9_000 }, reason: "a test" }),
    after: async () => {
      if (room.service.amendments.view(OWN).open) room.service.amendments.withdraw(OWN);
    },
  }),
  "POST /v1/amendments/withdraw": () => ({
    path: "/v1/amendments/withdraw",
    body: () => {
      if (!room.service.amendments.view(OWN).open) proposeAmendment();
      return { room: OWN };
    },
  }),
  "GET /v1/amendments": () => ({ path: `/v1/amendments?room=${OWN}`, elsewhere: "token.room" }),
  "POST /v1/members/:member/amendments": () => ({
    path: `/v1/members/bank-1/amendments?room=${OWN}`,
    body: refusal,
    elsewhere: "token.room",
  }),
  "POST /v1/invitations": () => ({
    path: "/v1/invitations",
    body: () => ({ room: OWN, memberId: "bank-1" }),
  }),
  "POST /v1/tokens": () => ({
    path: "/v1/tokens",
    body: () => ({ role: "auditor", room: OWN, name: "Grace" }),
  }),
  "GET /v1/tokens": () => ({ path: "/v1/tokens" }),
  "POST /v1/tokens/:token/revoke": () => ({
    path: `/v1/tokens/${issue({ role: "auditor" }).id}/revoke`,
    body: () => ({}),
  }),
  "POST /v1/runs": () => ({
    path: "/v1/runs",
    body: () => ({ ...probe(1), room: OWN }),
    elsewhere: "token.room",
    after: idle,
  }),
  "POST /v1/outlook": () => ({ path: "/v1/outlook", body: () => COUNT, elsewhere: "token.room" }),
  "POST /v1/runs/:run/cancel": () => ({
    // Asked in this very process, before any member can have approved it.
    path: `/v1/runs/${room.service.propose({ ...probe(1), room: OWN }).runId}/cancel`,
    body: () => ({}),
    elsewhere: "run.unknown",
    after: idle,
  }),
  "GET /v1/runs": () => ({ path: "/v1/runs" }),
  "GET /v1/runs/:run": ofRun(""),
  "GET /v1/runs/:run/events": ofRun("/events"),
  "GET /v1/runs/:run/privacy": ofRun("/privacy"),
  "GET /v1/runs/:run/release": ofRun("/release"),
  "POST /v1/runs/:run/release/:member": () => ({
    path: `/v1/runs/${trained}/release/bank-1`,
    body: () => release,
    elsewhere: "run.unknown",
  }),
  "GET /v1/runs/:run/model": ofRun("/model?format=json"),
  "GET /v1/runs/:run/answer": () => ({
    path: `/v1/runs/${asked}/answer`,
    elsewhere: "run.unknown",
  }),
  "GET /v1/runs/:run/manifest": ofRun("/manifest"),
  "GET /v1/runs/:run/documents": ofRun("/documents"),
  "GET /v1/transcript": () => ({
    path: `/v1/transcript?room=${OWN}`,
    elsewhere: "token.room",
  }),
  "GET /v1/runs/:run/rounds/:round/audit": ofRun("/rounds/0/audit"),
  "GET /v1/runs/:run/rounds/:round/prekeys": ofRun("/rounds/0/prekeys"),
  "GET /v1/runs/:run/rounds/:round/audit/:member": ofRun("/rounds/0/audit/bank-2"),
  "GET /v1/charter": () => ({ path: `/v1/charter?room=${OWN}`, elsewhere: "token.room" }),
  "GET /v1/roster": () => ({ path: `/v1/roster?room=${OWN}`, elsewhere: "token.room" }),
  "POST /v1/members/:member/statements": () => ({
    path: `/v1/members/bank-1/statements?room=${OWN}`,
    body: confirmation,
    elsewhere: "token.room",
  }),
  "POST /v1/members/:member/keys": () => ({
    path: `/v1/members/bank-1/keys?room=${OWN}`,
    body: nextKey,
    elsewhere: "token.room",
    after: withNextKey,
  }),
  "GET /v1/members/:member": () => ({
    path: `/v1/members/bank-1?room=${OWN}`,
    elsewhere: "token.room",
  }),
};

function ofRun(rest: string): () => Trial {
  return () => ({ path: `/v1/runs/${trained}${rest}`, elsewhere: "run.unknown" });
}

const OPEN = new Set(["GET /healthz"]);
const routesOfApp = (): string[] => [
  ...new Set(
    api.routes
      .filter(({ path }) => !path.endsWith("/*"))
      .map(({ method, path }) => `${method} ${path}`),
  ),
];

test("every route of the application is in the table, and the table has no other; each has a trial", () => {
  expect(
    routesOfApp()
      .filter((route) => !OPEN.has(route))
      .sort(),
  ).toEqual(listedRoutes().sort());
  expect(Object.keys(TRIALS).sort()).toEqual(routesOfApp().sort());
});

/** Operator, analyst, auditor, member's admin, member's agent. A change here is a decision about who may what. */
const DECIDED: Readonly<Record<string, string>> = {
  "POST /v1/rooms": "any none none none none",
  "POST /v1/amendments": "any none none none none",
  "POST /v1/amendments/withdraw": "any none none none none",
  "GET /v1/amendments": "any room room room room",
  "POST /v1/members/:member/amendments": "none none none none own",
  "POST /v1/invitations": "any none none none none",
  "POST /v1/tokens": "any none none none none",
  "GET /v1/tokens": "any none none none none",
  "POST /v1/tokens/:token/revoke": "any none none none none",
  "POST /v1/runs": "any room none none none",
  "POST /v1/outlook": "any room none none none",
  "POST /v1/runs/:run/cancel": "any room none none none",
  "GET /v1/runs": "any room room room room",
  "GET /v1/runs/:run": "any room room none none",
  "GET /v1/runs/:run/events": "any room room none none",
  "GET /v1/runs/:run/privacy": "any room room room none",
  "GET /v1/runs/:run/release": "any room room room room",
  "POST /v1/runs/:run/release/:member": "none none none none own",
  "GET /v1/runs/:run/model": "any receiver none none none",
  "GET /v1/runs/:run/answer": "any room room room room",
  "GET /v1/runs/:run/manifest": "any room room room room",
  "GET /v1/runs/:run/documents": "any room room room room",
  "GET /v1/transcript": "any none room room room",
  "GET /v1/runs/:run/rounds/:round/audit": "any none room none room",
  "GET /v1/runs/:run/rounds/:round/prekeys": "any none room none room",
  "GET /v1/runs/:run/rounds/:round/audit/:member": "any none room none room",
  "POST /v1/members/:member/keys": "none none none none own",
  "GET /v1/members/:member": "any none room own own",
  "GET /v1/charter": "any room room room room",
  "GET /v1/roster": "any room room room room",
  "POST /v1/members/:member/statements": "none none none none own",
};
const ROLES: readonly Role[] = ["operator", "analyst", "auditor", "member-admin", "member"];
const CELLS = Object.entries(DECIDED).flatMap(([route, cells]) =>
  cells.split(" ").map((reach, i) => ({
    route,
    role: ROLES[i] ?? "member",
    reach: reach as Reach,
  })),
);

test.each(CELLS)("$role asks $route: $reach", async ({ route, role, reach }) => {
  expect(reachOf(route, role)).toBe(reach);
  const { path, body, elsewhere, after } = trialOf(route);
  const [method = ""] = route.split(" ");
  const own = await ask(somebody(role, OWN), method, path, body?.());
  await after?.();
  const other = await ask(somebody(role, OTHER), method, path, body?.());
  await after?.();
  if (reach === "none") {
    for (const answer of [own, other]) {
      expect(answer).toMatchObject({ status: 403, code: "token.role" });
      expect(answer.text).toContain(`the role ${role} may not`);
      expect(answer.text).toMatch(/; it may (.+, )?list runs/);
    }
    return;
  }
  if (reach === "receiver") expect(own).toMatchObject({ status: 403, code: "token.receiver" });
  else expect(own).toMatchObject({ status: 200, code: null });
  if (reach === "any") return expect(other.status).toBe(200);
  if (elsewhere !== undefined) return expect(other.code).toBe(elsewhere);
  expect(route).toBe("GET /v1/runs"); // The one that answers everybody, with what is theirs.
  expect(own.text).toContain(trained);
  expect(other).toMatchObject({ status: 200, body: [] });
});

function trialOf(route: string): Trial {
  const trial = TRIALS[route];
  if (!trial) throw new Error(`${route} has no trial`);
  return trial();
}

test("nobody, a wrong token and a wrong signature get nothing, on any route", async () => {
  const unknown = bearer(`cloister_${"0".repeat(12)}_${"A".repeat(43)}`);
  const wrong: [Authorize | null, string][] = [
    [null, "token.unknown"],
    [bearer(""), "token.unknown"],
    [bearer("ae".repeat(32)), "token.unknown"],
    [unknown, "token.unknown"],
    [() => `Basic ${ADMIN}`, "token.unknown"],
    [() => ADMIN, "token.unknown"],
    [() => "CloisterMember x", "audit.malformed"],
  ];
  for (const route of listedRoutes())
    for (const [authorize, code] of wrong) {
      const { path, body } = trialOf(route);
      const answer = await ask(authorize, route.split(" ")[0] ?? "", path, body?.());
      expect(answer).toMatchObject({ status: 401, code });
      expect(answer.text).not.toContain("AAAA");
    }
  expect((await ask(null, "GET", "/healthz")).status).toBe(200);
});

test("a route that the table does not know is closed to the operator too", async () => {
  api = httpApi(room.service, { adminToken: ADMIN, failuresPerMinute: 0 });
  let isReached = false;
  for (const path of ["/v1/news", "/news"])
    api.get(path, (context) => {
      isReached = true;
      return context.json({});
    });
  for (const [method, path] of [
    ["GET", "/v1/news"],
    ["GET", "/news"],
    ["GET", "/v1/nothing"],
    ["DELETE", "/v1/runs"],
  ] as const) {
    const answer = await ask(operator, method, path);
    expect(answer).toMatchObject({ status: 404, code: "request.unknown-path" });
  }
  expect(isReached).toBe(false);
});

test.each([
  ["HEAD", "/v1/tokens"],
  ["OPTIONS", "/v1/tokens"],
  ["GET", "/v1/tokens/"],
  ["GET", "//v1/tokens"],
  ["GET", "/v1//tokens"],
  ["GET", "/v1/%74okens"],
  ["GET", "/v1%2Ftokens"],
  ["GET", "/v1/tokens%00"],
  ["GET", "/v1/tokens;a=b"],
  ["GET", "/V1/TOKENS"],
  ["GET", "/v1/runs/../tokens"],
  ["GET", "/v1/runs/%2e%2e/tokens"],
  ["GET", "/v1/runs/..%2ftokens"],
  ["GET", "/healthz/../v1/tokens"],
  ["GET", "/v1/runs/%"],
  ["GET", "/v1/runs/%25"],
  ["GET", "/v1/runs/_"],
  ["GET", "/v1/runs/*/events"],
  ["POST", "/v1/tokens?_method=GET"],
])("no other way of writing a path opens it to an analyst of another room: %s %s", async (method, path) => {
  const analyst = bearer(issue({ role: "analyst", room: OTHER }).token);
  const answer = await ask(analyst, method, path, method === "POST" ? {} : undefined);
  expect([400, 403, 404]).toContain(answer.status);
  expect(answer.text).not.toContain(trained);
});

test("a member's admin sees its own member, and not another of the same room", async () => {
  const admin = bearer(issue({ role: "member-admin", memberId: "bank-1" }).token);
  const { body } = await ask(admin, "GET", "/v1/members/bank-1");
  const view = { room: OWN, memberId: "bank-1", isConnected: true };
  expect(body).toMatchObject({ ...view, identity: expect.stringMatching(/^\S/) });
  const { runs } = body as { runs: { runId: string }[] };
  expect(runs.find(({ runId }) => runId === trained)).toMatchObject({
    status: "completed",
    asked: 2,
    included: 2,
  });
  for (const authorize of [admin, signed(OWN)])
    for (const path of ["/v1/members/bank-2", "/v1/members/bank-2?room=test-room"])
      expect(await ask(authorize, "GET", path)).toMatchObject({
        status: 403,
        code: "token.member",
      });
  const auditor = bearer(issue({ role: "auditor" }).token);
  expect((await ask(auditor, "GET", "/v1/members/bank-2")).status).toBe(200);
  expect((await ask(auditor, "GET", "/v1/members/bank-9")).code).toBe("member.unknown");
});

test("a run says who started it, by name and token; the operator's says nobody", async () => {
  const { token, id } = issue({ role: "analyst", name: "Ada" });
  const plan = probe(1); // Names no room: it is the analyst's, though there are several.
  const { body } = await ask(bearer(token), "POST", "/v1/runs", plan);
  await idle();
  const { runId } = body as { runId: string };
  const startedBy = { tokenId: id, name: "Ada" };
  expect(room.service.events(runId)[0]).toMatchObject({ type: "created", startedBy });
  const runs = (await ask(operator, "GET", "/v1/runs")).body as { runId: string }[];
  expect(runs.find((run) => run.runId === runId)).toMatchObject({ room: OWN, startedBy });
  expect(runs.find((run) => run.runId === trained)).toMatchObject({ startedBy: null });
});

test("a stolen token gets nothing once it is revoked, and a watcher with it hears no more", async () => {
  const { token, id } = issue({ role: "analyst" });
  const thief = bearer(token);
  expect((await ask(thief, "GET", "/v1/runs")).status).toBe(200);
  const { runId } = room.service.propose({ ...probe(40), room: OWN });
  let rounds = 0;
  room.service.watch(runId, ({ type }) => {
    if (type === "roundReleased" && ++rounds === 3) room.service.accessTokens.revoke(id);
  });
  const heard = await ask(thief, "GET", `/v1/runs/${runId}/events`);
  await idle();
  expect(rounds).toBe(40);
  expect(heard.status).toBe(200);
  expect(heard.text.match(/roundReleased/g)?.length ?? 0).toBeLessThanOrEqual(3);
  expect(heard.text).not.toContain('"completed"');
  for (const route of listedRoutes()) {
    const { path, body } = trialOf(route);
    const answer = await ask(thief, route.split(" ")[0] ?? "", path, body?.());
    expect(answer).toMatchObject({ status: 401, code: "token.revoked" });
  }
});

test("whoever watches a run hears of its own room's faults, and of no other room's members", async () => {
  const { token } = room.service.rooms.invite(OTHER, "bank-3");
  const stranger = await RawAgent.enrol(room.url, token);
  const { runId } = room.service.propose({ ...probe(100_000), room: OWN });
  const faulty: string[] = [];
  const begun = new Promise<void>((resolve) => {
    room.service.watch(runId, (event) => {
      if (event.type === "fault") faulty.push(event.memberId);
      if (event.type === "roundReleased") resolve();
    });
  });
  await begun;
  const connection = await stranger.connect();
  connection.send(new Uint8Array());
  expect((await connection.closed).code).toBe(1002);
  // It was heard by the coordinator while the run was under way, and watched.
  const run = room.service.catalog.find(runId, OWN);
  expect(run.status).toBe("running");
  room.service.cancel(run);
  expect(faulty).toEqual([]);
});

test("a token that has expired says so", async () => {
  const { token } = issue({ role: "auditor", days: 1 });
  const later = Date.now() + DAY_MS;
  vi.spyOn(Date, "now").mockReturnValue(later);
  const answer = await ask(bearer(token), "GET", "/v1/runs");
  expect(answer).toMatchObject({ status: 401, code: "token.expired" });
});

test("whoever fails often waits, right token or not; others do not, and a minute later nobody", async () => {
  api = httpApi(room.service, { adminToken: ADMIN, failuresPerMinute: 3 });
  const from = (authorize: Authorize, address: string): Promise<Answer> =>
    ask(authorize, "GET", "/v1/runs", undefined, address);
  const guess = bearer("00".repeat(32));
  for (let i = 0; i < 3; i++) expect((await from(guess, "192.0.2.9")).status).toBe(401);
  for (const authorize of [guess, operator]) {
    const answer = await from(authorize, "192.0.2.9");
    expect(answer).toMatchObject({ status: 429, code: "token.too-many" });
    expect(answer.text).toMatch(/wait \d+ s/);
  }
  expect((await from(operator, "192.0.2.8")).status).toBe(200);
  const later = Date.now() + 60_000;
  vi.spyOn(Date, "now").mockReturnValue(later);
  expect((await from(operator, "192.0.2.9")).status).toBe(200);
});

test("bodies that are not JSON, of no schema or too large are refused before anything is done", async () => {
  api = httpApi(room.service, { adminToken: ADMIN, failuresPerMinute: 0 });
  const post = async (body: unknown): Promise<string | null> =>
    (await ask(operator, "POST", "/v1/tokens", body)).code;
  expect(await post("{")).toBe("request.not-json");
  expect(await post({ role: "auditor", name: "x", days: 366 })).toBe("input.invalid");
  const member = { role: "member-admin", name: "x", room: OWN, memberId: "bank-9" };
  expect(await post(member)).toBe("member.unknown");
  expect(await post({ role: "auditor", name: "x", room: "nowhere" })).toBe("room.unknown");
  expect(await post({ role: "auditor", name: "x".repeat(5 << 20) })).toBe("request.too-large");
});
