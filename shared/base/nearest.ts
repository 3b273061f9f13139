/** What somebody may have meant who misspelt a name. Pure. */

/** Further than this share of its length, a name is another one. */
const SHARE_MAX = 0.4;

/** @returns The name that is the fewest letters away; null where none is near. */
export function nearest(name: string, names: readonly string[]): string | null {
  const wanted = name.toLowerCase();
  let best: string | null = null;
  let least = Math.max(1, Math.floor(SHARE_MAX * wanted.length));
  for (const candidate of names) {
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance > least || (distance === least && best !== null)) continue;
    [best, least] = [candidate, distance];
  }
  return best;
}

/** Letters to be put in, left out or changed. @see Wagner and Fischer 1974, The string-to-string correction problem. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(changed, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
