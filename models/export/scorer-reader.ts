/**
 * Reads a `cloister-scorer/1` file and scores rows with it. Made to be copied: it imports nothing and needs
 * no build step beyond dropping the types. Pure. See docs/production.md.
 */

type Row = Readonly<Record<string, unknown>>;

interface NumberInput {
  readonly type: "number";
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly log: boolean;
  /** What maps the transformed bounds to [−1, 1]: (x − low) · scale − 1. */
  readonly low: number;
  readonly scale: number;
  readonly centre: number;
  readonly inverseScale: number;
  /** What one unit adds to each of the first layer's sums. */
  readonly weights: readonly number[];
  /** What an unknown value adds; null: it must be known. */
  readonly missing: readonly number[] | null;
}

interface CategoryInput {
  readonly type: "category";
  readonly name: string;
  /** What each category adds to the first layer's sums; the first row is "anything else". */
  readonly rows: readonly (readonly number[])[];
  readonly categories: readonly string[];
}

interface Scorer {
  readonly format: "cloister-scorer/1";
  readonly inputs: readonly (NumberInput | CategoryInput)[];
  readonly bias: readonly number[];
  readonly activation: "relu" | "tanh";
  /** Beyond the first. `weights[i]` is what input i gives to each output. */
  readonly layers: readonly { readonly weights: number[][]; readonly bias: number[] }[];
}

/** @returns The probability of "positive" for a row. It throws where a field is absent or not a number. */
export function readScorer(text: string): (row: Row) => number {
  const scorer = JSON.parse(text) as Scorer;
  if (scorer.format !== "cloister-scorer/1") throw new Error("not a cloister-scorer/1 file");
  const rowsByName = scorer.inputs.map((input) => {
    const rows = new Map<string, readonly number[]>();
    if (input.type === "number") return rows;
    for (const [i, name] of input.categories.entries())
      if (!rows.has(name.trim())) rows.set(name.trim(), input.rows[i + 1] ?? []);
    return rows;
  });
  return (row) => {
    let sums = [...scorer.bias];
    for (const [i, input] of scorer.inputs.entries()) {
      if (!Object.hasOwn(row, input.name)) throw new Error(`field "${input.name}" is absent`);
      const value = row[input.name];
      if (input.type === "number") addNumber(sums, input, value);
      else add(sums, rowsByName[i]?.get(String(value ?? "").trim()) ?? input.rows[0] ?? [], 1);
    }
    for (const { weights, bias } of scorer.layers) {
      const next = [...bias];
      for (const [i, sum] of sums.entries()) {
        const x = scorer.activation === "tanh" ? Math.tanh(sum) : Math.max(0, sum);
        add(next, weights[i] ?? [], x);
      }
      sums = next;
    }
    return 1 / (1 + Math.exp(-(sums[0] ?? Number.NaN)));
  };
}

function addNumber(sums: number[], input: NumberInput, value: unknown): void {
  if (value === null || (typeof value === "number" && Number.isNaN(value))) {
    if (input.missing === null) throw new Error(`field "${input.name}" must be known`);
    return add(sums, input.missing, 1);
  }
  if (typeof value !== "number" || !Number.isFinite(value))
    throw new Error(`field "${input.name}" is not a number`);
  const clamped = Math.min(Math.max(value, input.min), input.max);
  const shaped = input.log ? Math.sign(clamped) * Math.log1p(Math.abs(clamped)) : clamped;
  // Rounded to 32 bits as in training.
  const x = Math.fround((shaped - input.low) * input.scale - 1);
  add(sums, input.weights, (x - input.centre) * input.inverseScale);
}

function add(sums: number[], values: readonly number[], factor: number): void {
  for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] ?? 0) + factor * (values[i] ?? 0);
}
