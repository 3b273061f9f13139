/** A count and what is counted, in the singular or plural. Pure. */

/** `1 row`, `2 rows`. @param many Where it is not one with an s. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
