/**
 * Reads a `cloister-scorer/1` file and scores rows with it. Made to be copied: it imports nothing and needs
 * no build step beyond dropping the types. Pure. See docs/production.md.
 */
type Row = Readonly<Record<string, unknown>>;
/** A category's i-th name counts as i + 1, all others as 0, "anything else". */
type Input = { type: string; name: string; required?: boolean; categories?: string[] };
/** What maps a transformed number to [−1, 1], (x − low) · scale − 1, and that to what weights take. */
type Scale = Record<"min" | "max" | "low" | "scale" | "centre" | "inverseScale", number>;
/** What an input adds to the first layer's sums: a number's unit, a number unknown, each category. */
type Sums = { log: boolean; weights: number[]; missing: number[] | null; rows: number[][] };
type NetInput = Input & Scale & Sums;
type Layer = { weights: number[][]; bias: number[] };
type Net = { kind: "net"; inputs: NetInput[]; bias: number[]; activation: string; layers: Layer[] };
/** Who goes left: numbers up to `atMost` and, where it says so, the unknown; or these categories. */
type Test = { atMost?: number; unknown?: string; codes?: number[] };
type Node = number | (Test & { input: number; left: Node; right: Node });
type Trees = { kind: "trees"; inputs: Input[]; base: number; trees: Node[] };

/** @returns The probability of "positive" for a row. It throws where a field is absent or not a number. */
export function readScorer(text: string): (row: Row) => number {
  const scorer = JSON.parse(text) as { format: string } & (Net | Trees);
  if (scorer.format !== "cloister-scorer/1") throw new Error("not a cloister-scorer/1 file");
  // Of two names alike the first counts, so it is set last.
  const codeOf = (name: string, i: number): [string, number] => [name.trim(), i + 1];
  const codes = scorer.inputs.map(({ categories = [] }) => categories.map(codeOf).reverse());
  const codeMaps = codes.map((entries) => new Map(entries));
  return (row) => {
    const values = scorer.inputs.map((input, i) => read(row, input, codeMaps[i]));
    const { kind } = scorer;
    const logOdds = kind === "net" ? output(scorer, values) : sumOfLeaves(scorer, values);
    return 1 / (1 + Math.exp(-logOdds));
  };
}

/** A number, NaN where unknown, or a category's code. */
function read(row: Row, { type, name, required }: Input, codes?: Map<string, number>): number {
  if (!Object.hasOwn(row, name)) throw new Error(`field "${name}" is absent`);
  const value = row[name];
  if (type === "category") return codes?.get(String(value ?? "").trim()) ?? 0;
  if (value === null || Number.isNaN(value)) {
    if (required) throw new Error(`field "${name}" must be known`);
    return Number.NaN;
  }
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new Error(`field "${name}" is not a number`);
}

function sumOfLeaves({ base, trees }: Trees, values: number[]): number {
  let sum = base;
  for (let node of trees) {
    while (typeof node !== "number") {
      const value = values[node.input] ?? Number.NaN;
      const known = node.codes ? node.codes.includes(value) : value <= (node.atMost ?? Number.NaN);
      node = known || (Number.isNaN(value) && node.unknown === "left") ? node.left : node.right;
    }
    sum += node;
  }
  return sum;
}

function output({ inputs, bias, activation, layers }: Net, values: number[]): number {
  let sums = [...bias];
  for (const [i, input] of inputs.entries()) {
    const value = values[i] ?? Number.NaN;
    if (input.type === "category") add(sums, input.rows[value] ?? [], 1);
    else if (Number.isNaN(value)) add(sums, input.missing ?? [], 1);
    else add(sums, input.weights, scaled(input, value));
  }
  for (const layer of layers) {
    const next = [...layer.bias];
    for (const [i, sum] of sums.entries())
      add(next, layer.weights[i] ?? [], activation === "tanh" ? Math.tanh(sum) : Math.max(0, sum));
    sums = next;
  }
  return sums[0] ?? Number.NaN;
}

function scaled(
  { min, max, log, low, scale, centre, inverseScale }: NetInput,
  value: number,
): number {
  const clamped = Math.min(Math.max(value, min), max);
  const shaped = log ? Math.sign(clamped) * Math.log1p(Math.abs(clamped)) : clamped;
  // Rounded to 32 bits as in training.
  return (Math.fround((shaped - low) * scale - 1) - centre) * inverseScale;
}

function add(sums: number[], values: number[], factor: number): void {
  for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] ?? 0) + factor * (values[i] ?? 0);
}
