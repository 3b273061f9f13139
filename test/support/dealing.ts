/** One member's prekeys dealt by hand, and taken by a holder: among seven of a complete graph, or seventy of a regular one. */
import type { Batch } from "../../shared/secagg/batch.ts";
import { type DealtPrekeys, parseEntries } from "../../shared/secagg/entries.ts";
import { pairStream } from "../../shared/secagg/pair-stream.ts";
import { dealPrekeys, forwarded, takeForwarded } from "../../shared/secagg/prekeys.ts";
import { type Group, pick, unsafeGroup, unsafeRng } from "./group.ts";

/** Complete: seven members, threshold five. Regular: seventy, of whom 33 hold for each, threshold 21. */
export const SEVEN = unsafeGroup(7, "seven");
export const SEVENTY = unsafeGroup(70, "seventy", { degree: 32, threshold: 21 });
export const DEALER = 4;

export function streamOf(group: Group, batch: Batch, own: number, peer: number) {
  return pairStream(pick(pick(group.members, own).channels, peer), batch, own, peer);
}

export function deal(group: Group, batch: Batch, index = DEALER, draws = "draws") {
  const neighbours = batch.graph.neighbours(index);
  const streams = new Map(neighbours.map((peer) => [peer, streamOf(group, batch, index, peer)]));
  const dealt = dealPrekeys(batch, index, streams, unsafeRng(`${group.seed} ${draws} ${index}`));
  const prekeys = parseEntries(batch, index, dealt.entries);
  if (!prekeys) throw new Error("not parsed");
  return { ...dealt, prekeys };
}

export function takeAt(group: Group, batch: Batch, holder: number, prekeys: DealtPrekeys) {
  const stream = streamOf(group, batch, holder, DEALER);
  const bytes = forwarded(batch, DEALER, holder, prekeys);
  return takeForwarded(batch, DEALER, { index: holder, stream }, bytes);
}

/** Of the circle after the dealer the first four derive; the last two are 2 and 3. */
export const SEALED_FOR = 3;
export const DERIVED_BY = 0;
