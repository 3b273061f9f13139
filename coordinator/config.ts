/** The coordinator's configuration file. Pure. */
import { z } from "zod";
import type { Patience } from "../shared/secagg/attempt.ts";

export const CoordinatorConfig = z.strictObject({
  listen: z.strictObject({
    host: z.string().default("127.0.0.1"),
    port: z.int().min(0).max(65535),
  }),
  /** Folder for the database and the admin token. */
  dataDir: z.string().min(1),
  tls: z.strictObject({ certPath: z.string(), keyPath: z.string() }).optional(),
  /** Listen in the clear on something else than loopback: only behind a proxy that speaks TLS. */
  allowPlain: z.boolean().default(false),
  /** Rounds of each run whose masked vectors are kept, for members to take apart; 0: none. */
  audit: z.strictObject({ keepRounds: z.int().min(0).default(8) }).default({ keepRounds: 8 }),
  /** Failures to say who asks that one address may make in a minute; 0: no limit (a proxy in front has its own). */
  access: z
    .strictObject({ failuresPerMinute: z.int().min(0).default(20) })
    .default({ failuresPerMinute: 20 }),
  patience: z
    .strictObject({
      workSeconds: z.number().positive().default(3600),
      stepSeconds: z.number().positive().default(60),
      graceSeconds: z.number().min(0).default(1),
      startSeconds: z.number().min(0).default(60),
    })
    .default({ workSeconds: 3600, stepSeconds: 60, graceSeconds: 1, startSeconds: 60 }),
});
export type CoordinatorConfig = z.infer<typeof CoordinatorConfig>;

/** The file of the operator's own token. */
export const adminTokenPath = (dataDir: string): string => `${dataDir}/admin.token`;

/** How long runs wait for their members, in milliseconds. */
export function patienceOf({ patience }: Pick<CoordinatorConfig, "patience">): {
  readonly patience: Patience;
  readonly startMs: number;
} {
  const { workSeconds, stepSeconds, graceSeconds, startSeconds } = patience;
  const [workMs, stepMs, graceMs] = [1000 * workSeconds, 1000 * stepSeconds, 1000 * graceSeconds];
  return { patience: { workMs, stepMs, graceMs }, startMs: 1000 * startSeconds };
}
