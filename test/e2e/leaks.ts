/** Searches bytes for what must not be in them: cells of a table, and coordinates of an unmasked update. */
import { packRing, type RingBits } from "../../shared/secagg/ring.ts";

export interface Secret {
  readonly what: string;
  readonly bytes: Buffer;
}

/** Every cell of at least six characters as text; every such number as a float of 4 and 8 bytes, both orders. */
export function cellSecrets(csv: string): Secret[] {
  const secrets: Secret[] = [];
  for (const line of csv.trim().split("\n").slice(1)) {
    for (const cell of line.split(",")) {
      if (cell.length < 6) continue;
      secrets.push({ what: `text ${cell}`, bytes: Buffer.from(cell) });
      const value = Number(cell);
      if (Number.isFinite(value)) secrets.push(...floatSecrets([value], cell));
    }
  }
  return secrets;
}

/** Any two neighbouring non-zero coordinates as floats. */
export function updateSecrets(update: Float64Array): Secret[] {
  const secrets: Secret[] = [];
  for (let i = 0; i + 1 < update.length; i++) {
    const pair = [update[i] ?? 0, update[i + 1] ?? 0];
    if (pair.every((value) => value !== 0)) secrets.push(...floatSecrets(pair, `update ${i}`));
  }
  return secrets;
}

/** Any four neighbouring non-zero elements as they would be packed. */
export function ringSecrets(ring: Uint32Array, bits: RingBits): Secret[] {
  const secrets: Secret[] = [];
  for (let i = 0; i + 4 <= ring.length; i++) {
    const four = ring.slice(i, i + 4);
    if (four.some((value) => value === 0)) continue;
    secrets.push({ what: `ring ${i}`, bytes: Buffer.from(packRing(four, bits)) });
  }
  return secrets;
}

function floatSecrets(values: readonly number[], name: string): Secret[] {
  return [4, 8].flatMap((size) =>
    [true, false].map((little) => {
      const view = new DataView(new ArrayBuffer(size * values.length));
      values.forEach((value, i) => {
        if (size === 4) view.setFloat32(4 * i, value, little);
        else view.setFloat64(8 * i, value, little);
      });
      return { what: `float${8 * size} of ${name}`, bytes: Buffer.from(view.buffer) };
    }),
  );
}

/** @returns What was found. */
export function findLeaks(payloads: readonly Uint8Array[], secrets: readonly Secret[]): string[] {
  const all = Buffer.concat(payloads);
  return secrets.filter(({ bytes }) => all.includes(bytes)).map(({ what }) => what);
}
