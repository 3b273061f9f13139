/** Who may ask what over HTTP: one table of route by role. What is not in it is refused to everybody. Pure. */
import { assert } from "../../shared/base/assert.ts";

/** `operator` is the admin token's; `member` an agent that signs with its identity; the others are tokens'. */
const ROLES = ["operator", "analyst", "auditor", "member-admin", "member"] as const;
export type Role = (typeof ROLES)[number];
export const TOKEN_ROLES = ["analyst", "auditor", "member-admin"] as const;
export type TokenRole = (typeof TOKEN_ROLES)[number];

/**
 * How far a route reaches for a role: to any room; in the caller's room; to its own member there; or, in its
 * room, to completed runs whose charter names the role a receiver.
 */
export type Reach = "any" | "room" | "own" | "receiver" | "none";
type Row = readonly [
  route: string,
  what: string,
  operator: Reach,
  analyst: Reach,
  auditor: Reach,
  memberAdmin: Reach,
  member: Reach,
];

const AUDIT = "/v1/runs/:run/rounds/:round";
// biome-ignore format: it is a table
const TABLE: readonly Row[] = [
  // route                                what                           operator analyst auditor member-admin member
  ["POST /v1/rooms",                      "open rooms",                     "any", "none", "none", "none", "none"],
  ["POST /v1/amendments",                 "propose amendments",             "any", "none", "none", "none", "none"],
  ["POST /v1/amendments/withdraw",        "take amendments back",           "any", "none", "none", "none", "none"],
  ["POST /v1/invitations",                "invite members",                 "any", "none", "none", "none", "none"],
  ["POST /v1/tokens",                     "create tokens",                  "any", "none", "none", "none", "none"],
  ["GET /v1/tokens",                      "list tokens",                    "any", "none", "none", "none", "none"],
  ["POST /v1/tokens/:token/revoke",       "revoke tokens",                  "any", "none", "none", "none", "none"],
  ["POST /v1/runs",                       "start runs",                     "any", "room", "none", "none", "none"],
  ["POST /v1/outlook",                    "see what a question would cost", "any", "room", "none", "none", "none"],
  ["POST /v1/runs/:run/cancel",           "take proposed runs back",        "any", "room", "none", "none", "none"],
  ["GET /v1/runs",                        "list runs",                      "any", "room", "room", "room", "room"],
  ["GET /v1/runs/:run",                   "read a run's rounds and metrics", "any", "room", "room", "none", "none"],
  ["GET /v1/runs/:run/events",            "watch runs",                     "any", "room", "room", "none", "none"],
  ["GET /v1/runs/:run/privacy",           "read privacy statements",        "any", "room", "room", "room", "none"],
  ["GET /v1/runs/:run/model",             "export released models",         "any", "receiver", "none", "none", "none"],
  ["GET /v1/runs/:run/release",           "see who released a run's model", "any", "room", "room", "room", "room"],
  ["POST /v1/runs/:run/release/:member",  "sign for its member",            "none", "none", "none", "none", "own"],
  ["GET /v1/runs/:run/answer",            "read a question's answer",       "any", "room", "room", "room", "room"],
  ["GET /v1/runs/:run/documents",         "read what a run left behind",    "any", "room", "room", "room", "room"],
  ["GET /v1/transcript",                  "read a room's whole history",    "any", "none", "room", "room", "room"],
  ["GET /v1/runs/:run/manifest",          "read manifests",                 "any", "room", "room", "room", "room"],
  [`GET ${AUDIT}/audit`,                  "audit rounds",                   "any", "none", "room", "none", "room"],
  [`GET ${AUDIT}/prekeys`,                "audit rounds",                   "any", "none", "room", "none", "room"],
  [`GET ${AUDIT}/audit/:member`,          "audit rounds",                   "any", "none", "room", "none", "room"],
  ["GET /v1/charter",                     "read the charter",               "any", "room", "room", "room", "room"],
  ["GET /v1/roster",                      "see the roster",                 "any", "room", "room", "room", "room"],
  ["GET /v1/amendments",                  "see proposed amendments",        "any", "room", "room", "room", "room"],
  ["POST /v1/members/:member/amendments", "sign for its member",            "none", "none", "none", "none", "own"],
  ["POST /v1/members/:member/statements", "sign for its member",            "none", "none", "none", "none", "own"],
  ["POST /v1/members/:member/keys",       "rotate its member's key",        "none", "none", "none", "none", "own"],
  ["GET /v1/members/:member",             "see a member's runs",            "any", "none", "room", "own",  "own"],
];

export const listedRoutes = (): string[] => TABLE.map(([route]) => route);

/** @param route Method and pattern. @returns Null: the table does not know it. */
export function reachOf(route: string, role: Role): Reach | null {
  const row = TABLE.find(([listed]) => listed === route);
  return row ? reachIn(row, role) : null;
}

function reachIn([, , ...reaches]: Row, role: Role): Reach {
  const reach = reaches[ROLES.indexOf(role)];
  assert(reach !== undefined, "every row has a cell for every role");
  return reach;
}

/** One line for who asks what its role may not, with what it may. */
export function notAllowed(route: string, role: Role): string {
  const what = TABLE.find(([listed]) => listed === route)?.[1] ?? "do this";
  const allowed = TABLE.filter((row) => reachIn(row, role) !== "none").map(([, may]) => may);
  return `the role ${role} may not ${what}; it may ${[...new Set(allowed)].join(", ")}`;
}

/** Who asks. */
export interface Caller {
  readonly role: Role;
  /** Null: the operator, who belongs to none. */
  readonly room: string | null;
  /** Of a member or its admin. */
  readonly memberId: string | null;
  /** Null: asked with the admin token, or a member's signature. */
  readonly token: { readonly id: string; readonly name: string } | null;
}

/** What a caller is confined to on one route; null: not confined. */
export interface Within {
  readonly room: string | null;
  readonly memberId: string | null;
  /** Only released models whose charter names the role a receiver. */
  readonly asReceiver: boolean;
}

export function withinOf({ room, memberId }: Caller, reach: Exclude<Reach, "none">): Within {
  if (reach === "any") return { room: null, memberId: null, asReceiver: false };
  assert(room !== null, "whoever is confined to a room has one");
  assert(reach !== "own" || memberId !== null, "whoever is confined to a member has one");
  return {
    room,
    memberId: reach === "own" ? memberId : null,
    asReceiver: reach === "receiver",
  };
}
