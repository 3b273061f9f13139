/**
 * Whether a graph falls apart by taking away little: which is what two answers' sums tell of few. Nodes that are held together
 * by enough are put together, until all are one, or what parts them is found. Pure.
 *
 * @see Nagamochi and Ibaraki, Computing edge-connectivity in multigraphs and capacitated graphs, SIAM J. Discrete Math. 5,
 *   1992, §3: in a maximum adjacency ordering each node's edges to those before it are no more than what holds it and the
 *   node before it together.
 */

/** How many units there are between two nodes. */
export interface Between {
  readonly from: number;
  readonly to: number;
  readonly weight: number;
}

/** Nearly always a few are enough; a graph that is made to need more is taken to have such a cut. */
const PASSES_MAX = 40;

/**
 * Whether some of the nodes can be parted from others by taking away edges of at least one unit and fewer than `enough`.
 *
 * @param edges With weights of 1 or more.
 */
export function hasSmallCut(edges: readonly Between[], enough: number): boolean {
  let left = edges;
  for (let pass = 0; pass < PASSES_MAX; pass++) {
    const { tied, isParted } = orderedOnce(neighboursOf(left), enough);
    if (isParted) return true;
    left = contracted(left, tied);
    if (left.length === 0) return false;
  }
  return true;
}

type Neighbours = ReadonlyMap<number, ReadonlyMap<number, number>>;

function neighboursOf(edges: readonly Between[]): Neighbours {
  const neighbours = new Map<number, Map<number, number>>();
  const add = (one: number, other: number, weight: number): void => {
    const own = neighbours.get(one) ?? new Map<number, number>();
    neighbours.set(one, own);
    own.set(other, (own.get(other) ?? 0) + weight);
  };
  for (const { from, to, weight } of edges) {
    add(from, to, weight);
    add(to, from, weight);
  }
  return neighbours;
}

interface Ordered {
  /** Of each node the one that it is put together with. */
  readonly tied: ReadonlyMap<number, number>;
  readonly isParted: boolean;
}

/** Of each part that hangs together a maximum adjacency ordering; its last node's edges are a cut. */
function orderedOnce(neighbours: Neighbours, enough: number): Ordered {
  const tied = new Map<number, number>();
  const seen = new Set<number>();
  for (const first of neighbours.keys()) {
    if (seen.has(first)) continue;
    const waiting = new Waiting(enough);
    let [last, held] = [first, enough];
    for (let next: number | null = first; next !== null; next = waiting.take()) {
      held = next === first ? enough : waiting.heldBy(next);
      if (next !== first && held >= enough) tied.set(next, last);
      seen.add(next);
      last = next;
      for (const [other, weight] of neighbours.get(next) ?? [])
        if (!seen.has(other)) waiting.add(other, weight);
    }
    if (held < enough) return { tied, isParted: true };
  }
  return { tied, isParted: false };
}

/** Nodes by what holds them to those that were taken; beyond enough all are alike. */
class Waiting {
  readonly #held = new Map<number, number>();
  readonly #levels: Set<number>[];

  constructor(enough: number) {
    this.#levels = Array.from({ length: enough + 1 }, () => new Set<number>());
  }

  heldBy(node: number): number {
    return this.#held.get(node) ?? 0;
  }

  add(node: number, weight: number): void {
    const before = this.heldBy(node);
    const after = Math.min(this.#levels.length - 1, before + weight);
    this.#levels[before]?.delete(node);
    this.#levels[after]?.add(node);
    this.#held.set(node, after);
  }

  /** One that is held by most, and not any more; null: there is none. */
  take(): number | null {
    for (let level = this.#levels.length - 1; level > 0; level--) {
      const nodes = this.#levels[level];
      for (const node of nodes ?? []) {
        nodes?.delete(node);
        return node;
      }
    }
    return null;
  }
}

function contracted(
  edges: readonly Between[],
  tied: ReadonlyMap<number, number>,
): readonly Between[] {
  const homes = new Map<number, number>();
  // A node is tied to one before it, which has its home by then.
  for (const [node, before] of tied) homes.set(node, homes.get(before) ?? before);
  const homeOf = (node: number): number => homes.get(node) ?? node;
  return edges.flatMap(({ from, to, weight }) => {
    const [one, other] = [homeOf(from), homeOf(to)];
    return one === other ? [] : [{ from: one, to: other, weight }];
  });
}
