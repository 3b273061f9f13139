/** The protocol version and every upper bound. A peer that exceeds one is at fault. Pure. */

export const PROTOCOL_VERSION = 1;

export const LIMITS = {
  /** Members of one room: share indices are the non-zero elements of GF(2^8). */
  membersMax: 255,
  featuresMax: 2_000,
  categoriesMax: 10_000,
  /** Coordinates of one vector. */
  dimensionMax: 50_000_000,
  roundsMax: 100_000,
  /** One control message, encoded. */
  controlBytesMax: 4 * 1024 * 1024,
  /** One message before the peer has proved who it is. */
  unauthenticatedBytesMax: 64 * 1024,
  /** Payload of one vector chunk. */
  chunkBytesMax: 256 * 1024,
} as const;
