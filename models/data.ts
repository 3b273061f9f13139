/** One member's records in numeric form: what every task computes on. Never leaves the member. Pure. */

/** A row without a label: only where the schema allows it. */
export const UNLABELLED = 2;

/** Rows of one partition, grouped by privacy unit. */
export interface EncodedData {
  readonly rowCount: number;
  /**
   * Numeric features, shape [rowCount × numberCount], row-major, in schema order: transformed,
   * clamped to the declared bounds and mapped to [−1, 1]. NaN: missing (only where the schema allows it).
   */
  readonly numbers: Float32Array;
  /** Category indices, shape [rowCount × categoryCount], row-major: 0 = anything else, i + 1 = `categories[i]`. */
  readonly codes: Uint16Array;
  /** Shape [rowCount]: 1 = positive, 0 = negative, `UNLABELLED` = not known. */
  readonly labels: Uint8Array;
  /** Rows of unit u are unitStarts[u] … unitStarts[u + 1] − 1. Shape [unitCount + 1]. */
  readonly unitStarts: Uint32Array;
  /** The schema's `others`, as the features above; left out where there are none. */
  readonly others?: OtherColumns;
  /** The cells of the schema's `identifiers` as they are, by column. Shape [identifierCount][rowCount]. */
  readonly identifiers?: readonly (readonly string[])[];
}

/** Columns that questions read and no model does. */
export interface OtherColumns {
  /** Shape [rowCount × numberCount] of the others. */
  readonly numbers: Float32Array;
  /** Shape [rowCount × categoryCount] of the others. */
  readonly codes: Uint16Array;
}

/** The two disjoint partitions of a member's units. No unit is in both, so their budgets never add. */
export interface PartitionedData {
  readonly train: EncodedData;
  readonly holdout: EncodedData;
}
