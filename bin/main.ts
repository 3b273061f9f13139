/** EDGE: the one binary. A process that stays begins leanly, before all that it needs is loaded. */
import { runLean } from "../shared/edge/runtime.ts";

const [, , kind, command] = process.argv;
if (command === "start" && (kind === "agent" || kind === "coordinator")) runLean(kind);
await import("./program.ts");
