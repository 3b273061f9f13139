/** What `--config` may be for those who only ask: how the coordinator is reached, and where their token lies. Pure. */
import { z } from "zod";

export const ClientConfig = z.strictObject({
  /** `https://host:port`. */
  url: z.url({ protocol: /^https?$/, error: "expected an address such as https://host:7300" }),
  /** PEM file of the authority behind the coordinator's certificate, where it is not a public one. */
  ca: z.string().min(1).optional(),
  /** File that the token lies in. Left out: `--token-file` or CLOISTER_TOKEN. */
  tokenPath: z.string().min(1).optional(),
});
export type ClientConfig = z.infer<typeof ClientConfig>;
