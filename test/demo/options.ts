/** The demo's command line. Pure. */
import { parseArgs } from "node:util";
import { CloisterError, EXIT } from "../../shared/base/errors.ts";

export interface DemoOptions {
  readonly members: number;
  readonly rounds: number | null;
  /** Null: no noise. */
  readonly epsilon: number | null;
  readonly kill: boolean;
  readonly seed: string;
  readonly json: string | null;
  readonly out: string;
  /** A table of the user's own; null: generated banks. */
  readonly data: OwnData | null;
}

export interface OwnData {
  readonly path: string;
  readonly label: string;
  readonly memberColumn: string | null;
  readonly unit: string | null;
  readonly holdout: number;
  readonly drop: readonly string[];
  readonly categorical: readonly string[];
  readonly numeric: readonly string[];
}

export const USAGE = `npm run demo -- [options]
  --members N        how many banks (default 5)
  --rounds N         training rounds
  --epsilon E|none   privacy budget per customer (default 3), or no noise at all
  --no-kill          do not kill an agent mid-run
  --seed TEXT        another seed, other data
  --json FILE        write every figure to FILE
  --out FOLDER       where the room's files go (default .cloister/demo)
A table of your own:
  --data FILE.csv[.gz] --label COLUMN [--member-column COLUMN] [--unit COLUMN] [--holdout 0.2]
  [--drop A,B] [--categorical A,B] [--numeric A,B]`;

const TEXT = { type: "string" } as const;
const OPTIONS = {
  members: TEXT,
  rounds: TEXT,
  epsilon: TEXT,
  "no-kill": { type: "boolean" },
  seed: TEXT,
  json: TEXT,
  out: TEXT,
  data: TEXT,
  label: TEXT,
  "member-column": TEXT,
  unit: TEXT,
  holdout: TEXT,
  drop: TEXT,
  categorical: TEXT,
  numeric: TEXT,
  help: { type: "boolean" },
} as const;

/** @throws {CloisterError} With what is wrong and the usage. */
export function parseOptions(args: readonly string[]): DemoOptions | "help" {
  const values = parseOrExplain(args);
  if (values.help) return "help";
  const number = (
    name: "members" | "rounds" | "epsilon" | "holdout",
    least: number,
    integer: boolean,
  ): number | null => {
    const text = values[name];
    if (text === undefined) return null;
    const value = Number(text);
    if (
      text.trim() === "" ||
      !(value >= least) ||
      !Number.isFinite(value) ||
      (integer && !Number.isInteger(value))
    )
      throw usage(`--${name}: expected a number of at least ${least}`);
    return value;
  };
  if (values.data !== undefined && values.label === undefined)
    throw usage("--data needs --label COLUMN");
  const list = (text: string | undefined): string[] =>
    text === undefined ? [] : text.split(",").map((name) => name.trim());
  const holdout = number("holdout", 0.01, false) ?? 0.2;
  if (holdout > 0.9) throw usage("--holdout: expected a number of at most 0.9");
  return {
    members: number("members", 3, true) ?? 5,
    rounds: number("rounds", 1, true),
    epsilon: values.epsilon === "none" ? null : (number("epsilon", 0.01, false) ?? 3),
    kill: !values["no-kill"],
    seed: values.seed ?? "cloister demo",
    json: values.json ?? null,
    out: values.out ?? ".cloister/demo",
    data:
      values.data === undefined
        ? null
        : {
            path: values.data,
            label: values.label ?? "",
            memberColumn: values["member-column"] ?? null,
            unit: values.unit ?? null,
            holdout,
            drop: list(values.drop),
            categorical: list(values.categorical),
            numeric: list(values.numeric),
          },
  };
}

function parseOrExplain(
  args: readonly string[],
): Partial<Record<keyof typeof OPTIONS, string>> & { help?: boolean; "no-kill"?: boolean } {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: false })
      .values as ReturnType<typeof parseOrExplain>;
  } catch (error) {
    throw usage(error instanceof Error ? (error.message.split("\n")[0] ?? "") : "bad arguments");
  }
}

function usage(reason: string): CloisterError {
  return new CloisterError("usage", `${reason}\n${USAGE}`, EXIT.usage);
}
