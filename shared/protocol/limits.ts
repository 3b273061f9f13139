/** The protocol version and every upper bound. A peer that exceeds one is at fault. Pure. */

export const PROTOCOL_VERSION = 4;

export const LIMITS = {
  /** Members of one room: as many as the complete graph serves, see `secagg/params.ts`. */
  membersMax: 200,
  /** Attempts that one batch of prekeys serves. */
  batchAttemptsMax: 64,
  featuresMax: 2_000,
  categoriesMax: 10_000,
  /** Coordinates of one vector. */
  dimensionMax: 50_000_000,
  roundsMax: 100_000,
  /** One control message, encoded. */
  controlBytesMax: 4 * 1024 * 1024,
  /** One message before the peer has proved who it is. */
  unauthenticatedBytesMax: 64 * 1024,
  /** Payload of one vector chunk: near 256 KiB, and a whole number of elements in every ring. */
  chunkBytesMax: 180 * 1456,
} as const;
