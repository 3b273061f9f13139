/** An autoencoder as data: a net that learns to give its own input back, without labels. Pure. */
import { z } from "zod";

/** A row that it gives back badly is unusual: its score is an anomaly score, not a probability. */
export const AutoencoderSpec = z.strictObject({
  autoencoder: z.strictObject({
    /** Widths between the inputs and their reconstruction; the smallest is what a row has to pass through. */
    hidden: z.array(z.int().min(1).max(4096)).min(1).max(8),
    activation: z.enum(["relu", "tanh"]).default("tanh"),
  }),
  /** Seeds the initial weights. */
  seed: z.string().max(100).default("cloister"),
});
export type AutoencoderSpec = z.infer<typeof AutoencoderSpec>;

export function isAutoencoder(spec: object): spec is AutoencoderSpec {
  return "autoencoder" in spec;
}
