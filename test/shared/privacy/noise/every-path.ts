/**
 * The exact law of a rejection sampler, by following every path that one try of it can take. Pure.
 * A try begins with `belowBig`; a second one means that the first try was refused.
 */
import { reproducibleRng } from "../../../../shared/base/reproducible.ts";
import { UniformSource } from "../../../../shared/base/uniform.ts";

class TooRare extends Error {}
class Refused extends Error {}

/** Makes the choices it is told, then the first of each; remembers how many there were and how likely. */
class GuidedSource extends UniformSource {
  readonly path: { choice: number; options: number }[] = [];
  probability = 1;
  readonly #guide: readonly number[];
  readonly #rarest: number;

  constructor(guide: readonly number[], rarest: number) {
    super(reproducibleRng("unused"));
    this.#guide = guide;
    this.#rarest = rarest;
  }

  #choose(options: number, probabilityOf: (choice: number) => number): number {
    const choice = this.#guide[this.path.length] ?? 0;
    this.path.push({ choice, options });
    this.probability *= probabilityOf(choice);
    if (this.probability < this.#rarest) throw new TooRare();
    return choice;
  }

  override uint32(): number {
    throw new Error("a choice that is not followed");
  }

  /** The samplers only ask whether it is 0 (or 1 of 2): all that is not is one option. */
  override below(bound: number): number {
    if (bound === 1) return 0;
    return this.#choose(2, (choice) => (choice === 0 ? 1 / bound : 1 - 1 / bound));
  }

  override belowBig(bound: bigint): bigint {
    if (this.path.length > 0) throw new Refused();
    return BigInt(this.#choose(Number(bound), () => 1 / Number(bound)));
  }

  override chance(a: bigint, b: bigint): boolean {
    if (a === 0n) return false;
    const chance = Number(a) / Number(b);
    return this.#choose(2, (choice) => (choice === 1 ? chance : 1 - chance)) === 1;
  }
}

/**
 * Probabilities of a sampler's results, given that a try is kept, from all paths at least as likely
 * as `rarest`; `left` is the probability of all others together.
 */
export function massesOf(
  sampler: (source: UniformSource) => bigint,
  rarest: number,
): { masses: Map<bigint, number>; left: number } {
  const masses = new Map<bigint, number>();
  let [kept, left] = [0, 0];
  for (let guide: number[] | null = []; guide; ) {
    const source = new GuidedSource(guide, rarest);
    try {
      const result = sampler(source);
      masses.set(result, (masses.get(result) ?? 0) + source.probability);
      kept += source.probability;
    } catch (error) {
      if (error instanceof TooRare) left += source.probability;
      else if (!(error instanceof Refused)) throw error;
    }
    guide = nextGuide(source.path);
  }
  for (const [result, mass] of masses) masses.set(result, mass / kept);
  return { masses, left: left / kept };
}

/** The last choice that has another option takes it, and what followed is forgotten. */
function nextGuide(path: readonly { choice: number; options: number }[]): number[] | null {
  const last = path.findLastIndex(({ choice, options }) => choice + 1 < options);
  if (last < 0) return null;
  return path.slice(0, last + 1).map(({ choice }, i) => (i === last ? choice + 1 : choice));
}
