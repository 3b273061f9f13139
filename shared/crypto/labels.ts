/** Every domain-separation label in one place: one label, one use. Changing one is a protocol change. */

export const LABELS = {
  identityAuth: "cloister/1/auth",
  coordinatorAuth: "cloister/1/coordinator-auth",
  enrolment: "cloister/1/enrolment",
  runJoin: "cloister/1/run-join",
  ask: "cloister/1/ask",
  ready: "cloister/1/ready",
  context: "cloister/1/round-context",
  rotation: "cloister/1/rotation",
  masked: "cloister/1/masked",
  shares: "cloister/1/shares",
  shareChannel: "cloister/1/share-channel",
  selfMask: "cloister/1/self-mask",
  pairMask: "cloister/1/pair-mask",
} as const;
export type Label = (typeof LABELS)[keyof typeof LABELS];
