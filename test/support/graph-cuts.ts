/**
 * How a coordinator that sees the graph before it says who dropped out could cut it: two rows of degree/2 places
 * on the circle in which no honest member survives. Corrupt members may sit there as survivors: the coordinator
 * knows their masks. Pure.
 */

export interface Circle {
  /** Members in the order of the circle. */
  readonly order: readonly number[];
  readonly degree: number;
  readonly threshold: number;
  readonly corrupt: ReadonlySet<number>;
  readonly dropoutsMax: number;
}

export interface Cut {
  /** Honest members that are said to have dropped out. */
  readonly dropouts: ReadonlySet<number>;
  /** Honest members on one side: their sum can be told from the rest. */
  readonly part: readonly number[];
}

/** The cut with the smallest part, or null if the threshold and the number of dropouts allow none. */
export function smallestCut(circle: Circle): Cut | null {
  const { order, degree, dropoutsMax } = circle;
  const count = order.length;
  const row = degree / 2;
  for (let size = 1; size <= count / 2; size++) {
    for (let first = 0; first < count; first++) {
      const rows = [...places(first, row, count), ...places(first + row + size, row, count)];
      const dropouts = honestAt(circle, rows);
      if (dropouts.size > dropoutsMax) continue;
      const part = [...honestAt(circle, places(first + row, size, count))];
      // Next to the rows is where most holders are lost: look there first.
      const edges = [first - 1, first + row, first + row + size - 1, first + 2 * row + size];
      const near = [...edges, ...places(first - row, 4 * row + size, count)];
      if (part.length > 0 && near.every((place) => isOpened(circle, dropouts, place)))
        return { dropouts, part };
    }
  }
  return null;
}

const places = (first: number, length: number, count: number): number[] =>
  Array.from({ length }, (_, i) => (first + i + count) % count);

function honestAt({ order, corrupt }: Circle, list: readonly number[]): Set<number> {
  const members = list.map((place) => order[place] ?? -1);
  return new Set(members.filter((member) => !corrupt.has(member)));
}

/** True if enough holders of the honest member at a place survive or are corrupt: its secret is rebuilt. */
function isOpened(circle: Circle, dropouts: ReadonlySet<number>, place: number): boolean {
  const { order, degree, threshold, corrupt } = circle;
  if (corrupt.has(order[(place + order.length) % order.length] ?? -1)) return true;
  const holders = places(place - degree / 2, degree + 1, order.length);
  const live = holders.filter((at) => !dropouts.has(order[at] ?? -1));
  return live.length >= threshold;
}
