/** The protocol version and every upper bound. A peer that exceeds one is at fault. Pure. */

export const PROTOCOL_VERSION = 6;

/** WebSocket close code (RFC 6455, section 7.4.2: private use) to a session whose member has begun another one elsewhere. */
export const REPLACED = 4001;

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
  /** The last moment that a date can be written of (ECMA-262, Time Values). */
  dateMsMax: 8.64e15,
  /** One control message, encoded. */
  controlBytesMax: 4 * 1024 * 1024,
  /** One message of a private matching, encoded: a chunk of 1,024 points and its seal are 33 KB. */
  matchBodyBytesMax: 64 * 1024,
  /** One message before the peer has proved who it is. */
  unauthenticatedBytesMax: 64 * 1024,
  /** Reasons to refuse a run that are told, and the length of each. */
  reasonsMax: 50,
  reasonCharactersMax: 500,
  /** Payload of one vector chunk: near 256 KiB, and a whole number of elements in every ring. */
  chunkBytesMax: 180 * 1456,
} as const;
