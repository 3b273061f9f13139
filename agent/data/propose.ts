/** EDGE: `cloister data propose`: a schema to begin a charter with, from one table that whoever asks may see. Asks nobody. */
import type { Command } from "commander";
import { stringify } from "yaml";
import { inferenceLines } from "../../models/features/infer.ts";
import { writeFileAtomic } from "../../shared/edge/files.ts";
import { print, printJson } from "../../shared/edge/terminal.ts";
import { inferSchema } from "./inference.ts";

interface ProposeOptions {
  readonly label: string;
  readonly positive?: string;
  readonly unit?: string;
  readonly ignore?: string;
  readonly categorical?: string;
  readonly numeric?: string;
  readonly out?: string;
  readonly json?: boolean;
}

export function dataProposeCommand(data: Command): void {
  data
    .command("propose")
    .description(
      "propose a charter's schema from one table; read it before others do: bounds and categories are the table's",
    )
    .argument("<file>", "a table that you may see, .csv or .csv.gz")
    .requiredOption("--label <column>", "what is to be predicted: a column of two values")
    .option("--positive <text>", "which of the two is the one looked for; left out: found out")
    .option(
      "--unit <column>",
      "whose row it is: a customer's number; left out: each row for itself",
    )
    .option(
      "--ignore <columns>",
      "columns A,B,C that are no inputs: what is known only later, above all",
    )
    .option("--categorical <columns>", "columns to take as categories")
    .option("--numeric <columns>", "columns to take as numbers")
    .option("--out <file>", "write the schema there, as YAML; left out: print it")
    .option("--json", "print JSON, for programs")
    .addHelpText(
      "after",
      "\nExample:\n  $ cloister data propose payments.csv --label fraud --unit customer --out schema.yaml",
    )
    .action(propose);
}

async function propose(path: string, options: ProposeOptions): Promise<void> {
  const { label, positive = null, unit = null, out, json } = options;
  const found = await inferSchema(path, {
    label,
    positive,
    unit,
    drop: names(options.ignore),
    categorical: names(options.categorical),
    numeric: names(options.numeric),
  });
  const text = stringify({ schema: found.schema });
  if (out !== undefined) writeFileAtomic(out, text);
  if (json) return printJson(found);
  for (const line of inferenceLines(found)) print(line);
  print(
    "Bounds and categories come from these rows, and all members read the charter: widen or round what they tell.",
  );
  if (out === undefined) for (const line of ["", ...text.trimEnd().split("\n")]) print(line);
  else
    print(
      `Wrote ${out}. Put it into charter.yaml, then: cloister data check FILE --charter charter.yaml`,
    );
}

const names = (list: string | undefined): string[] =>
  (list ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
