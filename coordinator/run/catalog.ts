/** EDGE: the coordinator's runs, looked up in its store: of one room, or, for whoever may see all, of any. */
import { badInput, type CloisterError } from "../../shared/base/errors.ts";
import type { Charter } from "../../shared/charter/charter.ts";
import type { Manifest } from "../../shared/charter/manifest.ts";
import { isOutdated } from "../room/retention.ts";
import type { Store } from "../store.ts";
import { charterOfRun } from "./charter.ts";
import type { Source } from "./evaluated.ts";
import { foldRun, type RunSummary } from "./events.ts";

export class RunCatalog {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** @param room Null: of any. */
  list(room: string | null): RunSummary[] {
    const runs = this.#store.runIds().flatMap((id) => foldRun(this.#store.events(id)) ?? []);
    return runs.filter(isOf(room));
  }

  /** Ids of runs whose model and kept rounds have had their charter's time. */
  outdated(nowMs: number): string[] {
    const isOver = (run: RunSummary): boolean => {
      const charter = this.#charterOf(run);
      return charter !== null && isOutdated(run, charter, nowMs);
    };
    return this.list(null)
      .filter(isOver)
      .map(({ runId }) => runId);
  }

  /** @param prefix A run id or the beginning of one. */
  find(prefix: string, room: string | null): RunSummary {
    return one(
      prefix,
      this.list(room).filter(({ runId }) => runId.startsWith(prefix)),
    );
  }

  /** As `find`, with the task's last state. */
  source(prefix: string, room: string): Source {
    const run = this.find(prefix, room);
    const charter = this.#charterOf(run);
    if (!charter) throw unknownRun(prefix, 0);
    return { run, charter, state: this.#store.taskState(run.runId) };
  }

  #charterOf({ manifest }: RunSummary): Charter | null {
    return charterOfRun(this.#store, manifest) ?? this.#store.charter(manifest.room);
  }

  /** As `find`, without reading what happened in the run. */
  manifestOf(prefix: string, room: string | null): { runId: string; manifest: Manifest } {
    return one(prefix, this.#store.manifests(prefix).filter(isOf(room)));
  }
}

const isOf =
  (room: string | null) =>
  ({ manifest }: { readonly manifest: Manifest }): boolean =>
    room === null || manifest.room === room;

function one<T>(prefix: string, found: readonly T[]): T {
  const [run] = found;
  if (!run || found.length > 1) throw unknownRun(prefix, found.length);
  return run;
}

function unknownRun(prefix: string, count: number): CloisterError {
  const what = count === 0 ? "no such run" : "more than one run begins so";
  return badInput("run.unknown", `${prefix}: ${what}; see "cloister run list"`);
}
