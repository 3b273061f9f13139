/** EDGE: `cloister audit compare`: reads members' exports, prints the proof where the coordinator lied. */

import { readFileSync } from "node:fs";
import { fromHex } from "../../shared/base/bytes.ts";
import { counted } from "../../shared/base/counted.ts";
import { badInput, CloisterError, EXIT } from "../../shared/base/errors.ts";
import { parseOrRefuse } from "../../shared/charter/charter.ts";
import { fingerprint } from "../../shared/crypto/identity.ts";
import { print, printJson } from "../../shared/edge/terminal.ts";
import { compareExports, type NamedExport, type Proof } from "../../shared/transcript/compare.ts";
import { TranscriptExport, toText } from "../../shared/transcript/export.ts";
import { compareCopies, isCopy } from "./compare-copies.ts";

const WHAT: Readonly<Record<Proof["what"], string>> = {
  twoAsks: "two models or rounds under one attempt",
  twoHistories: "two histories before one round",
  twoInclusions: "two sets of survivors of one attempt",
};

export function compare(paths: readonly string[], { json }: { json?: boolean }): void {
  if (paths.some(isCopy)) return compareCopies(paths, json);
  const compared = compareExports(paths.map(readExport));
  if (compared.type === "twoCoordinators") {
    const { first, second } = compared;
    throw badInput(
      "audit.two-coordinators",
      `${first.name} is signed by coordinator ${fingerprintOf(first)}, ${second.name} by ${fingerprintOf(second)}: nothing to compare; members of one room who pinned two keys were enrolled with two coordinators`,
    );
  }
  const { coordinatorKey, entryCount, proofs, unsigned } = compared;
  if (json) {
    const found = proofs.map(({ what, first, second, heldBy }) => ({
      what,
      heldBy,
      first: toText(first),
      second: toText(second),
    }));
    printJson({ coordinatorKey, entries: entryCount, equivocations: found, unsigned });
  } else for (const proof of proofs) printProof(proof, coordinatorKey);
  if (proofs.length > 0)
    throw new CloisterError(
      "audit.equivocation",
      `the coordinator contradicts itself (pairs of signatures: ${proofs.length}); of such a pair one may be honest, never both`,
      EXIT.caught,
    );
  const [broken] = unsigned;
  if (broken)
    throw badInput(
      "audit.unsigned",
      `${broken.name}: entries not signed by the coordinator: ${broken.count}; export it anew`,
    );
  if (!json)
    print(
      `Consistent: ${counted(entryCount, "signature")} of coordinator ${fingerprint(fromHex(coordinatorKey))} in ${paths.length} exports.`,
    );
}

/** @throws {CloisterError} One line: missing, not JSON, not an export. */
function readExport(path: string): NamedExport {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw badInput(
      "audit.export-unreadable",
      `${path}: cannot be read as JSON; make it with "cloister agent transcript --json"`,
      cause,
    );
  }
  return { name: path, transcript: parseOrRefuse(TranscriptExport, content, path) };
}

function fingerprintOf({ transcript }: NamedExport): string {
  return fingerprint(fromHex(transcript.coordinatorKey));
}

function printProof({ what, first, second, heldBy }: Proof, coordinatorKey: string): void {
  print(`Run ${first.runId}: ${WHAT[what]}, both signed by ${coordinatorKey}`);
  for (const [i, entry] of [first, second].entries())
    print(`  ${heldBy[i]}  ${JSON.stringify(toText(entry))}`);
}
