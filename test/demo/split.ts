/**
 * EDGE: one table → one table per member, to play a consortium with a file that one person has. For
 * demonstrations and measurements: in a real room each member brings its own file.
 */

import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { readCsv } from "../../agent/data/csv.ts";
import { detachText, trimCell } from "../../models/features/cell.ts";
import { unitFraction } from "../../models/features/partition.ts";
import { columnIndices } from "../../models/features/row-encoder.ts";
import { counted } from "../../shared/base/counted.ts";
import { badInput } from "../../shared/base/errors.ts";
import { LIMITS } from "../../shared/protocol/limits.ts";

export interface SplitOptions {
  /** Every value of this column is a member; null: units are dealt to `memberCount` members. */
  readonly memberColumn: string | null;
  readonly memberCount: number;
  /** The column that says whose row it is; null: each row stands for itself. */
  readonly unit: string | null;
  readonly label: string;
  /** A member with fewer rows is left out. */
  readonly rowsMin: number;
  /** Where the members' files go; exists. */
  readonly folder: string;
}

export interface SplitMember {
  /** A name fit for a charter, made from the column's text. */
  readonly memberId: string;
  readonly path: string;
  readonly rowCount: number;
}

export interface LeftOut {
  readonly name: string;
  readonly rowCount: number;
  readonly reason: string;
}

export interface Split {
  /** Largest first. */
  readonly members: readonly SplitMember[];
  readonly leftOut: readonly LeftOut[];
  /** Privacy units of the members together; one that several members know counts at each. */
  readonly unitCount: number;
}

/** The rows of one member as counted in the first reading. */
interface Group {
  readonly name: string;
  rowCount: number;
  /** Empty where each row is a unit. */
  readonly units: Set<string>;
  /** Two are enough to know that there are two. */
  readonly labels: Set<string>;
}

/** One member's file as it is written in the second reading. */
interface Writer {
  readonly file: number;
  pending: string;
}

const PENDING_LENGTH_MAX = 1 << 20;

/**
 * Writes one CSV file per member, with all columns. Members with too few rows, with labels of one
 * class only, or without a name are left out, with the reason.
 *
 * @throws {CloisterError} What `readCsv` throws; `data.missing-columns`; `data.too-many-members`.
 */
export async function splitTable(path: string, options: SplitOptions): Promise<Split> {
  const groups = await countGroups(path, options);
  const leftOut: LeftOut[] = [];
  const members = new Map<string, SplitMember>();
  const taken = new Set<string>();
  let unitCount = 0;
  const descending = [...groups.values()].sort((a, b) => b.rowCount - a.rowCount);
  for (const group of descending) {
    const { name, rowCount } = group;
    const reason = reasonToLeaveOut(group, options.rowsMin);
    if (reason !== null) {
      leftOut.push({ name, rowCount, reason });
      continue;
    }
    const memberId = memberIdFor(name, taken);
    unitCount += options.unit === null ? rowCount : group.units.size;
    members.set(name, { memberId, path: join(options.folder, `${memberId}.csv`), rowCount });
  }
  await writeMembers(path, options, members);
  return { members: [...members.values()], leftOut, unitCount };
}

function reasonToLeaveOut({ name, rowCount, labels }: Group, rowsMin: number): string | null {
  if (name === "") return "the member column is empty";
  if (rowCount < rowsMin) return `${counted(rowCount, "row")}, fewer than ${rowsMin}`;
  return labels.size < 2 ? "labels of one class only" : null;
}

async function countGroups(path: string, options: SplitOptions): Promise<Map<string, Group>> {
  const groups = new Map<string, Group>();
  let nameOf: GroupReader | null = null;
  let labelIndex = 0;
  let unitIndex: number | null = null;
  await readCsv(path, {
    onHeader: (header) => {
      nameOf = groupReader(path, header, options);
      labelIndex = columnIndices([options.label], header, path)[0] ?? 0;
      unitIndex = unitColumn(path, header, options);
    },
    onRow: (cells, row) => {
      const group = groupOf(path, groups, nameOf?.(cells, row) ?? "");
      group.rowCount += 1;
      if (unitIndex !== null) group.units.add(detachText(trimCell(cells[unitIndex] ?? "")));
      if (group.labels.size < 2) group.labels.add(detachText(trimCell(cells[labelIndex] ?? "")));
    },
  });
  return groups;
}

function groupOf(path: string, groups: Map<string, Group>, name: string): Group {
  const known = groups.get(name);
  if (known !== undefined) return known;
  if (groups.size >= LIMITS.membersMax) throw tooMany(path);
  const group = {
    name: detachText(name),
    rowCount: 0,
    units: new Set<string>(),
    labels: new Set<string>(),
  };
  groups.set(group.name, group);
  return group;
}

function tooMany(path: string): Error {
  const reason = `the member column has more than ${LIMITS.membersMax} different values`;
  return badInput("data.too-many-members", `${path}: ${reason}; choose another column`);
}

type GroupReader = (cells: readonly string[], row: number) => string;

function groupReader(path: string, header: readonly string[], options: SplitOptions): GroupReader {
  const { memberColumn, memberCount } = options;
  if (memberColumn !== null) {
    const index = columnIndices([memberColumn], header, path)[0] ?? 0;
    return (cells) => trimCell(cells[index] ?? "");
  }
  // A salt of its own: who is held out must not depend on whose customer one is.
  const fractionOf = unitFraction("split");
  const index = unitColumn(path, header, options);
  return (cells, row) => {
    const id = index === null ? String(row) : trimCell(cells[index] ?? "");
    return `member-${1 + Math.floor(fractionOf(id) * memberCount)}`;
  };
}

function unitColumn(path: string, header: readonly string[], options: SplitOptions): number | null {
  const { unit } = options;
  return unit === null ? null : (columnIndices([unit], header, path)[0] ?? null);
}

/** Lower-case letters, digits and dashes; no two alike. */
function memberIdFor(name: string, taken: Set<string>): string {
  const plain = name
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 58);
  const stem = plain === "" ? "member" : plain;
  let id = stem;
  for (let i = 2; taken.has(id); i++) id = `${stem}-${i}`;
  taken.add(id);
  return id;
}

async function writeMembers(
  path: string,
  options: SplitOptions,
  members: ReadonlyMap<string, SplitMember>,
): Promise<void> {
  const writers = new Map<string, Writer>();
  let nameOf: GroupReader | null = null;
  try {
    await readCsv(path, {
      onHeader: (header) => {
        nameOf = groupReader(path, header, options);
        for (const [name, member] of members) {
          writers.set(name, { file: openSync(member.path, "w"), pending: csvLine(header) });
        }
      },
      onRow: (cells, row) => {
        const writer = writers.get(nameOf?.(cells, row) ?? "");
        if (writer === undefined) return;
        writer.pending += csvLine(cells);
        if (writer.pending.length > PENDING_LENGTH_MAX) flush(writer);
      },
    });
    for (const writer of writers.values()) flush(writer);
  } finally {
    for (const { file } of writers.values()) closeSync(file);
  }
}

function flush(writer: Writer): void {
  writeSync(writer.file, writer.pending);
  writer.pending = "";
}

function csvLine(cells: readonly string[]): string {
  const quoted = cells.map((cell) =>
    /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell,
  );
  return `${quoted.join(",")}\n`;
}
