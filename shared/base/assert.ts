/** Invariants: what must hold if our own code is right. Pure. A broken one is a bug, never a peer's fault. */

/** Our own code is wrong. The process that meets it releases nothing and exits non-zero. */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
}

/** @throws {InvariantError} If `condition` is false. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

/** Marks a branch that the types say cannot be reached. @throws {InvariantError} Always. */
export function unreachable(value: never): never {
  throw new InvariantError(`unreachable value: ${String(value)}`);
}
