/**
 * EDGE: `cloister agent release`: this member's word on the release of a run's model. What was reviewed is named by this
 * agent's own copy of the room's history; the card is shown only if it is the one named there.
 */
import type { Command } from "commander";
import { toHex, utf8 } from "../shared/base/bytes.ts";
import { badInput, CloisterError, EXIT } from "../shared/base/errors.ts";
import { parseOrRefuse } from "../shared/charter/charter.ts";
import { ReleaseDecision, signRelease } from "../shared/charter/release.ts";
import { sha256 } from "../shared/crypto/hash.ts";
import { identityFromSecret } from "../shared/crypto/identity.ts";
import { osClock, osRng } from "../shared/edge/os.ts";
import { releaseLines } from "../shared/edge/release-lines.ts";
import { print, printJson, printText } from "../shared/edge/terminal.ts";
import type { RoomRun, RoomState } from "../shared/transcript/room/state.ts";
import { readVerified } from "./audit/verify.ts";
import { memberHttp } from "./member-http.ts";
import { asMember, type MemberOptions } from "./options.ts";
import { Vault } from "./vault.ts";

interface ReleaseOptions extends MemberOptions {
  readonly approve?: boolean;
  readonly veto?: boolean;
  readonly reviewer?: string;
  readonly reason?: string;
}

export function releaseCommand(agent: Command): void {
  asMember(
    agent.command("release"),
    'cloister agent release 3f9a --approve --reviewer "A. Rossi" --reason "read the card: fair by country"',
  )
    .description("see a completed run's model card; then approve or veto that the model goes out")
    .argument("<run>", "a run's id, or its beginning")
    .option("--approve", "sign that the model may be released")
    .option("--veto", "sign that it may not")
    .option("--reviewer <name>", "who looked at it; recorded for the other members and auditors")
    .option("--reason <text>", "why; recorded with the name")
    .action(release);
}

/** What this member's own copy of the history says of a model that may be released. */
interface Reviewable {
  readonly runId: string;
  readonly run: RoomRun;
  readonly head: string;
  readonly modelHash: string;
  readonly cardHash: string;
}

async function release(prefix: string, options: ReleaseOptions): Promise<void> {
  const { folder, approve, veto } = options;
  if (approve && veto)
    throw badInput("release.both", "--approve and --veto contradict each other; give one");
  const { state } = (await readVerified(undefined, { folder })).whole;
  const reviewable = reviewableIn(state, prefix);
  const vault = Vault.openExisting(folder);
  try {
    if (approve || veto) await say(vault, reviewable, approve ? "approved" : "vetoed", options);
    else await show(vault, reviewable, options);
  } finally {
    vault.close();
  }
}

/** @throws {CloisterError} If this room reviews no models, or the run has none (yet). */
function reviewableIn({ charter: current, runs }: RoomState, prefix: string): Reviewable {
  const found = [...runs].filter(([runId]) => runId.startsWith(prefix));
  const [one] = found;
  const charter = one?.[1].charter ?? current;
  if (!charter.governance?.release)
    throw badInput(
      "release.not-asked",
      "the charter asks for no review of models (governance.release)",
    );
  if (!one || found.length > 1)
    throw badInput(
      "run.unknown",
      `${prefix}: ${found.length} runs in this agent's copy of the room's history begin so; is the agent running?`,
    );
  const [runId, run] = one;
  const { modelHash = null, cardHash = null, head = "" } = run.end ?? {};
  if (modelHash !== null && cardHash !== null && !run.isDeleted)
    return { runId, run, head, modelHash, cardHash };
  const why = run.end
    ? "it left none, or it was deleted"
    : "it has not ended, as far as is known here";
  throw badInput("release.nothing", `run ${runId.slice(0, 12)} has no model to release: ${why}`);
}

/** First it is so here, whether the coordinator hears of it or not; said again, it is the same word. */
async function say(
  vault: Vault,
  { runId, head, modelHash, cardHash }: Reviewable,
  decision: ReleaseDecision["decision"],
  options: ReleaseOptions,
): Promise<void> {
  const { reviewer, reason } = options;
  if (reviewer === undefined || reason === undefined)
    throw badInput(
      "release.who",
      "--reviewer NAME and --reason TEXT: who looked at it, and why so",
    );
  const { memberId } = vault.enrolment();
  const before = vault.releaseOf(runId);
  if (before?.decision === "vetoed" && decision === "approved")
    throw new CloisterError(
      "release.vetoed",
      `run ${runId.slice(0, 12)}: this member vetoed the release, and a veto stands`,
      EXIT.refused,
    );
  const about = { runId, memberId, head, modelHash, cardHash, atMs: osClock.nowMs() };
  const identity = identityFromSecret(vault.identitySecret(osRng));
  const signed = signRelease({ ...about, decision, reviewer, reason }, identity);
  const said = parseOrRefuse(ReleaseDecision, signed, "the word on the release");
  const word = before?.decision === decision ? before : said;
  vault.saveRelease(word);
  const path = `/v1/runs/${runId}/release/${encodeURIComponent(memberId)}`;
  await httpOf(vault, options).post(path, word);
  if (options.json) return printJson(word);
  print(
    `The release of run ${runId.slice(0, 12)} is ${decision} by ${memberId} (${word.reviewer}).`,
  );
  print("It is in the room's history, for the other members and for auditors.");
}

async function show(
  vault: Vault,
  { runId, run, head, modelHash, cardHash }: Reviewable,
  options: ReleaseOptions,
): Promise<void> {
  const path = `/v1/runs/${runId}/documents`;
  const { modelCard } = await httpOf(vault, options).get<{ modelCard: string | null }>(path);
  if (modelCard !== null && toHex(sha256(utf8(modelCard))) !== cardHash)
    throw new CloisterError(
      "release.other-card",
      `run ${runId.slice(0, 12)}: the coordinator hands out another model card than the room's history names`,
      EXIT.caught,
    );
  const card: unknown = modelCard === null ? null : JSON.parse(modelCard);
  const { releases } = run;
  if (options.json) return printJson({ runId, head, modelHash, cardHash, card, releases });
  print(`Run ${runId.slice(0, 12)}  model ${modelHash}  card ${cardHash}`);
  if (card === null) print("The card is not for this member to see.");
  else printText(JSON.stringify(card, null, 2));
  for (const line of releaseLines(run.charter, releases)) print(line.trim());
}

const httpOf = (vault: Vault, { ca: caPath, allowPlain }: MemberOptions) =>
  memberHttp(vault, { caPath, allowPlain });
