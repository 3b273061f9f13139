/** EDGE: the charter that a run is of: the one that was in force as it was proposed, whatever was amended since. */
import { Charter } from "../../shared/charter/charter.ts";
import type { Manifest } from "../../shared/charter/manifest.ts";
import type { Store } from "../store.ts";

/** Null: the room never had it. */
export function charterOfRun(
  { transcripts }: Pick<Store, "transcripts">,
  { room, charterHash }: Pick<Manifest, "room" | "charterHash">,
): Charter | null {
  const text = transcripts.charterText(room, charterHash);
  return text === null ? null : Charter.parse(JSON.parse(text));
}
