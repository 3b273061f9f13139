/** The little language of `--by`: columns, and for numbers the edges to part them at: `country, amount at 100, 500`. Pure. */
import { parseNumber, Reader } from "./reader.ts";

export interface Group {
  readonly column: string;
  /** Where the column is named, from 0. */
  readonly at: number;
  /** Left out: a category column. */
  readonly edges?: readonly number[];
}

/** @throws {CloisterError} `ask.syntax`, which points at the place. */
export function parseGroups(option: string, source: string): Group[] {
  const reader = new Reader(option, source);
  const groups = [group(reader)];
  while (!reader.isAtEnd()) {
    if (!reader.takesSign(","))
      throw reader.fault('expected "," and another column, or "at" and the edges of bands');
    groups.push(group(reader));
  }
  return groups;
}

function group(reader: Reader): Group {
  const { text: column, at } = reader.word("a column's name");
  if (!reader.takes("at")) return { column, at };
  const edges = [edge(reader)];
  // A comma goes before an edge and before a column; only an edge is a number.
  while (reader.next?.text === "," && isNumber(reader.second?.text)) {
    reader.skip();
    edges.push(edge(reader));
  }
  return { column, at, edges };
}

function edge(reader: Reader): number {
  const text = reader.next?.kind === "bare" ? reader.next.text : "";
  const value = parseNumber(text);
  if (value === null) throw reader.fault("expected a number");
  reader.skip();
  return value;
}

const isNumber = (text: string | undefined): boolean =>
  text !== undefined && parseNumber(text) !== null;
