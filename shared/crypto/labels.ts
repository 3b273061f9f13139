/** Every domain-separation label in one place: one label, one use. Changing one is a protocol change. */

export const LABELS = {
  identityAuth: "cloister/3/auth",
  coordinatorAuth: "cloister/3/coordinator-auth",
  enrolment: "cloister/3/enrolment",
  decision: "cloister/3/decision",
  roster: "cloister/3/roster",
  spokenCode: "cloister/3/spoken-code",
  memberStatement: "cloister/3/member-statement",
  modelRelease: "cloister/3/model-release",
  amendment: "cloister/3/amendment",
  runJoin: "cloister/3/run-join",
  ask: "cloister/3/ask",

  /** Channels between two members, for one session of a run. */
  kemCiphertext: "cloister/3/kem-ciphertext",
  channelBase: "cloister/3/channel-base",
  channelRoot: "cloister/3/channel-root",
  channelMac: "cloister/3/channel-mac",
  channelPair: "cloister/3/channel-pair",

  /** Prekeys. */
  nonceChain: "cloister/3/nonce-chain",
  graph: "cloister/3/graph",
  batch: "cloister/3/batch",
  prekeys: "cloister/3/prekeys",
  pairStream: "cloister/3/pair-stream",
  selfCommitment: "cloister/3/self-commitment",
  recoveryCommitment: "cloister/3/recovery-commitment",
  shareTag: "cloister/3/share-tag",
  heldTags: "cloister/3/held-tags",
  pairTag: "cloister/3/pair-tag",
  recoveryBox: "cloister/3/recovery-box",

  /** One attempt at one sum. */
  pairMask: "cloister/3/pair-mask",
  selfMask: "cloister/3/self-mask",
  context: "cloister/3/context",
  rotation: "cloister/3/rotation",
  masked: "cloister/3/masked",
  treeNode: "cloister/3/tree-node",
  survivor: "cloister/3/survivor",
  inclusion: "cloister/3/inclusion",
  included: "cloister/3/included",
  confirm: "cloister/3/confirm",
  committee: "cloister/3/committee",
  shares: "cloister/3/shares",

  /** Private matching of identifiers, see `shared/matching`. */
  matchIdentifier: "cloister/3/match-identifier",
  matchDecoy: "cloister/3/match-decoy",
  matchPoint: "cloister/3/match-point",
  matchJoin: "cloister/3/match-join",
  matchJoins: "cloister/3/match-joins",
  matchChannel: "cloister/3/match-channel",
  matchHop: "cloister/3/match-hop",
  matchTotal: "cloister/3/match-total",
  matchReady: "cloister/3/match-ready",
  matchUnit: "cloister/3/match-unit",

  /** The run's transcript. */
  transcript: "cloister/3/transcript",
  roundOpened: "cloister/3/round-opened",
  auditRequest: "cloister/3/audit-request",

  /** The room's transcript. */
  roomEntry: "cloister/3/room-entry",
  roomHead: "cloister/3/room-head",
  headCosigned: "cloister/3/head-cosigned",
  keyRotated: "cloister/3/key-rotated",
  ledgerExtract: "cloister/3/ledger-extract",

  /** Identifiers by which customers are matched. */
  identifierHash: "cloister/3/identifier-hash",

  /** A member's privacy ledger. */
  ledgerMacKey: "cloister/3/ledger-mac-key",
  ledgerUnitKey: "cloister/3/ledger-unit-key",
  ledgerEntry: "cloister/3/ledger-entry",
  ledgerAnchor: "cloister/3/ledger-anchor",
  ledgerRenewal: "cloister/3/ledger-renewal",
} as const;
export type Label = (typeof LABELS)[keyof typeof LABELS];
