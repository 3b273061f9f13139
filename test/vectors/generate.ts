/** EDGE: writes secagg.json beside itself: `npm run vectors`. The same file every time. */
import { writeFileSync } from "node:fs";
import { keyVectors } from "./key-vectors.ts";
import { roundVectors } from "./round-vectors.ts";
import { sumVectors } from "./sum-vectors.ts";
import { vectorsText } from "./vector.ts";

writeFileSync(
  new URL("secagg.json", import.meta.url),
  vectorsText([...keyVectors(), ...sumVectors(), ...roundVectors()]),
);
