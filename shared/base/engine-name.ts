/** The engines that compute a model at a member, by the names that they are recorded by. Pure data. */
export const ENGINE_NAMES = ["wasm-relaxed-simd", "wasm-simd", "plain"] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];
