/** Every domain-separation label in one place: one label, one use. Changing one is a protocol change. */

export const LABELS = {
  identityAuth: "cloister/2/auth",
  coordinatorAuth: "cloister/2/coordinator-auth",
  enrolment: "cloister/2/enrolment",
  runJoin: "cloister/2/run-join",
  ask: "cloister/2/ask",

  /** Channels between two members, for one session of a run. */
  kemCiphertext: "cloister/2/kem-ciphertext",
  channelBase: "cloister/2/channel-base",
  channelRoot: "cloister/2/channel-root",
  channelSeal: "cloister/2/channel-seal",
  channelMac: "cloister/2/channel-mac",
  channelPair: "cloister/2/channel-pair",

  /** Prekeys. */
  nonceChain: "cloister/2/nonce-chain",
  graph: "cloister/2/graph",
  batch: "cloister/2/batch",
  prekeys: "cloister/2/prekeys",
  sealedShare: "cloister/2/sealed-share",
  selfCommitment: "cloister/2/self-commitment",
  recoveryCommitment: "cloister/2/recovery-commitment",
  shareTag: "cloister/2/share-tag",
  pairTag: "cloister/2/pair-tag",
  recoveryBox: "cloister/2/recovery-box",

  /** One attempt at one sum. */
  pairSeed: "cloister/2/pair-seed",
  pairMask: "cloister/2/pair-mask",
  selfMask: "cloister/2/self-mask",
  context: "cloister/2/context",
  rotation: "cloister/2/rotation",
  masked: "cloister/2/masked",
  inclusion: "cloister/2/inclusion",
  included: "cloister/2/included",
  confirm: "cloister/2/confirm",
  committee: "cloister/2/committee",
  shares: "cloister/2/shares",

  /** The run's transcript. */
  transcript: "cloister/2/transcript",
  roundOpened: "cloister/2/round-opened",
  auditRequest: "cloister/2/audit-request",

  /** A member's privacy ledger. */
  ledgerMacKey: "cloister/2/ledger-mac-key",
  ledgerUnitKey: "cloister/2/ledger-unit-key",
  ledgerEntry: "cloister/2/ledger-entry",
  ledgerAnchor: "cloister/2/ledger-anchor",
  ledgerRenewal: "cloister/2/ledger-renewal",
} as const;
export type Label = (typeof LABELS)[keyof typeof LABELS];
