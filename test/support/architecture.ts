/** Checks of the architecture's rules over a map path → source. Pure, so that violations can be planted. */

export type Sources = ReadonlyMap<string, string>;

interface Import {
  readonly from: string;
  /** A path of the repository, or a package's or a Node module's name. */
  readonly to: string;
  readonly typeOnly: boolean;
}

const STATEMENT =
  /(?:^|\n)[ \t]*(?:import|export)([ \t]+type)?\b(?:[^;"'`]*?\bfrom)?[ \t\n]*["']([^"']+)["']/g;
const DYNAMIC = /\bimport\(\s*["'`]([^"'`]+)["'`]/g;

/** Every import of a file, static and dynamic. Type-only imports are erased when the program runs. */
export function importsOf(path: string, source: string): Import[] {
  const code = withoutComments(source);
  const found: Import[] = [];
  for (const [, type, target] of code.matchAll(STATEMENT)) {
    found.push({ from: path, to: resolve(path, target ?? ""), typeOnly: type !== undefined });
  }
  for (const [, target] of code.matchAll(DYNAMIC)) {
    found.push({ from: path, to: resolve(path, target ?? ""), typeOnly: false });
  }
  return found;
}

function resolve(from: string, target: string): string {
  if (!target.startsWith(".")) return target;
  const parts = from.split("/").slice(0, -1);
  for (const part of target.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

const TOKEN =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g;

function withoutComments(source: string): string {
  return source.replace(TOKEN, (token) => (token.startsWith("/") ? " " : token));
}

/** Code only: comments go, quoted texts become empty; template literals stay, for code is in them. */
function codeOf(source: string): string {
  return source.replace(TOKEN, (token) => {
    if (token.startsWith("/")) return " ";
    return token.startsWith("`") ? token : '""';
  });
}

function everyImport(sources: Sources): Import[] {
  return [...sources].flatMap(([path, source]) => importsOf(path, source));
}

const TOP = ["shared", "models", "agent", "coordinator", "bin", "test"];
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  shared: ["shared"],
  models: ["models", "shared"],
  agent: ["agent", "models", "shared"],
  coordinator: ["coordinator", "models", "shared"],
  bin: ["bin", "agent", "coordinator", "models", "shared"],
  test: TOP,
};
const MODELS_MAY_IMPORT = /^(?:models|shared\/(?:base|charter|privacy))\//;

/** shared ← models ← agent, coordinator ← bin; nobody imports tests; models stay clear of network and keys. */
export function directionFaults(sources: Sources): string[] {
  return everyImport(sources).flatMap(({ from, to }) => {
    const [top = ""] = from.split("/");
    const [target = ""] = to.split("/");
    if (!sources.has(to) && !(to.includes("/") && TOP.includes(target))) return [];
    const allowed = MAY_IMPORT[top]?.includes(target) ?? true;
    const clean = top !== "models" || MODELS_MAY_IMPORT.test(to);
    return allowed && clean ? [] : [`${from} imports ${to}`];
  });
}

/** Cycles of the product's imports that remain when it runs; type-only imports are erased. */
export function importCycles(sources: Sources): string[] {
  const edges = Map.groupBy(
    everyImport(sources).filter(({ typeOnly }) => !typeOnly),
    ({ from }) => from,
  );
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) cycles.push([...trail.slice(at), path].join(" → "));
    if (at >= 0 || done.has(path)) return;
    for (const { to } of edges.get(path) ?? []) if (sources.has(to)) visit(to, [...trail, path]);
    done.add(path);
  };
  for (const path of sources.keys()) if (isProduct(path)) visit(path, []);
  return cycles;
}

/** The comment a file begins with, or null. */
export function headerOf(source: string): string | null {
  return /^\/\*\*[\s\S]*?\*\//.exec(source)?.[0] ?? null;
}

const isProduct = (path: string): boolean => !path.startsWith("test/");
const PURE_PACKAGES = ["zod", "msgpackr"];
const COMPUTES_WITH_CRYPTO = /^shared\/(?:crypto\/|secagg\/masks\.ts$)/;
const DETERMINISTIC_CRYPTO = new Set([
  ..."createHash createHmac hash createPrivateKey createPublicKey createSecretKey".split(" "),
  ..."createCipheriv createDecipheriv Cipheriv".split(" "),
  ..."diffieHellman hkdfSync scryptSync sign verify KeyObject".split(" "),
]);
const IMPURE =
  /(?<![\w.#$])(?:Date\b|process\b\.|console\b|performance\b|globalThis\b|set(?:Timeout|Interval|Immediate)\b|fetch\()/g;

/** Files without EDGE in their header neither do I/O nor know the time. */
export function purityFaults(sources: Sources): string[] {
  const faults: string[] = [];
  for (const [path, source] of sources) {
    if (!isProduct(path) || /\bEDGE\b/.test(headerOf(source) ?? "")) continue;
    for (const { to } of importsOf(path, source)) {
      const crypto = to === "node:crypto" && COMPUTES_WITH_CRYPTO.test(path);
      // A function of its input, as hashes are.
      const deflate = to === "node:zlib" && path === "shared/protocol/packed.ts";
      const inside = sources.has(to) || PURE_PACKAGES.includes(to);
      if (!inside && !crypto && !deflate) faults.push(`${path} is not EDGE and imports ${to}`);
    }
    for (const name of cryptoNames(source)) {
      if (!DETERMINISTIC_CRYPTO.has(name)) faults.push(`${path} is not EDGE and uses ${name}`);
    }
    for (const [use] of codeOf(source).matchAll(IMPURE))
      faults.push(`${path} is not EDGE and uses ${use}`);
  }
  return faults;
}

/** Names imported from node:crypto; `*` for the module as a whole. */
function cryptoNames(source: string): string[] {
  const code = withoutComments(source);
  const names: string[] = [];
  for (const [, clause = ""] of code.matchAll(
    /\bimport\s+([^;"']*?)\s+from\s+["']node:crypto["']/g,
  )) {
    const braced = /\{([^}]*)\}/.exec(clause)?.[1];
    if (braced === undefined) names.push("*");
    for (const part of braced?.split(",") ?? []) {
      const name =
        part
          .trim()
          .replace(/^type\s+/, "")
          .split(/\s/)[0] ?? "";
      if (name !== "") names.push(name);
    }
  }
  return names;
}

const DRAWS =
  /^(?:\*|random(?!UUID$).*|generateKey.*|encapsulate|getRandomValues|webcrypto|pseudoRandomBytes|prng|rng)$/;
const DRAWS_GLOBALLY = /\bMath\.random\b|\bgetRandomValues\b|(?<![\w.#$])crypto\.\w+/g;
const RANDOMNESS = "shared/edge/os.ts";

/** One source of randomness. `randomUUID` names sessions; it protects nothing. */
export function randomnessFaults(sources: Sources): string[] {
  const faults: string[] = [];
  for (const [path, source] of sources) {
    for (const [use] of codeOf(source).matchAll(DRAWS_GLOBALLY)) {
      const drawn = use !== "Math.random" && path === RANDOMNESS;
      if (!drawn && (use === "Math.random" || isProduct(path))) faults.push(`${path} uses ${use}`);
    }
    if (path === RANDOMNESS || !isProduct(path)) continue;
    for (const name of cryptoNames(source))
      if (DRAWS.test(name)) faults.push(`${path} draws with ${name}`);
  }
  return faults;
}

const SEEDED = "shared/base/reproducible.ts";
/**
 * Initial weights, features of a tree, shuffles where nothing is promised; simulations, which protect nothing; and what
 * noise would do to a figure that is told already.
 */
const MAY_SEED =
  /^(?:agent\/gate\/repeatable|models\/engine\/architecture|models\/metrics\/noised-report|models\/tasks\/boost\/shape|bin\/simulate\/[a-z-]+)\.ts$/;

/** A seeded generator makes no noise, no mask and no sample of a real run: who may have one is a closed list. */
export function seedFaults(sources: Sources): string[] {
  return everyImport(sources).flatMap(({ from, to }) =>
    isProduct(from) && to === SEEDED && !MAY_SEED.test(from) ? [`${from} imports ${to}`] : [],
  );
}

const NOISE = /^shared\/privacy\/noise\//;
const INEXACT =
  /\bMath\b(?!\s*\.\s*(?:abs|ceil|floor|max|min)\b)|\*\*\s*0?\.|\.\s*(?:normal|unit)\b/g;
/** Initial weights and the intervals of an evaluation are drawn with `normal`, and its file defines it. */
const MAY_DRAW_NORMAL =
  /^(?:models\/engine\/slices|models\/metrics\/noised-report|shared\/base\/uniform)\.ts$/;

/** Noise comes from whole numbers: no logarithm or cosine near it, no normal of doubles anywhere. */
export function noiseFaults(sources: Sources): string[] {
  return [...sources].flatMap(([path, source]) => {
    if (!isProduct(path) || MAY_DRAW_NORMAL.test(path)) return [];
    const uses = codeOf(source).matchAll(NOISE.test(path) ? INEXACT : /\.\s*normal\b/g);
    return [...uses].map(([use]) => `${path} uses ${use}`);
  });
}

/** Everything that runs when `root` does in its thread: repository paths and package names. */
export function reachable(sources: Sources, root: string): Set<string> {
  const seen = new Set([root]);
  for (const path of seen) {
    const source = sources.get(path);
    if (source === undefined) continue;
    for (const { to, typeOnly } of importsOf(path, source)) if (!typeOnly) seen.add(to);
  }
  return seen;
}

const RECORDS =
  /^agent\/(?:data\/|preview\/|gate\/(?:gate|worker|encode|match-door)\.ts$|ledger\/(?:ledger|account|store|open)\.ts$)/;
/** agent.ts wires the connection's thread; agent/cli.ts also proposes schemas and is no part of it. */
const CONNECTION_ROOTS = ["agent", "audit/cli", "connection", "enrol", "link", "member"].map(
  (name) => `agent/${name}.ts`,
);
const NETWORK =
  /^(?:ws|hono.*|@hono\/.*|node:(?:net|tls|https?|http2|dgram|child_process|cluster|inspector.*|dns.*))$/;
const CONNECTION =
  /^agent\/(?:connection|link|member|agent|enrol|cli|transcript|audit\/[a-z]+)\.ts$|^coordinator\//;
const GATE_WORKER = "agent/gate/worker.ts";
const SPEAKS =
  /(?<![\w.#$])(?:fetch\(|WebSocket\b|EventSource\b|console\b|process\.(?:stdout|stderr|send))/g;

/** One door: records live in the gate's thread, the network in the other, and one message joins them. */
export function oneDoorFaults(sources: Sources): string[] {
  const faults: string[] = [];
  for (const root of CONNECTION_ROOTS) {
    if (!sources.has(root)) faults.push(`${root} is gone: name the connection's files anew`);
    for (const path of reachable(sources, root)) {
      if (RECORDS.test(path)) faults.push(`${root} reaches ${path}`);
    }
  }
  if (!sources.has(GATE_WORKER)) faults.push(`${GATE_WORKER} is gone`);
  for (const path of reachable(sources, GATE_WORKER)) {
    if (NETWORK.test(path) || CONNECTION.test(path)) faults.push(`${GATE_WORKER} reaches ${path}`);
    for (const [use] of codeOf(sources.get(path) ?? "").matchAll(SPEAKS))
      faults.push(`${path} uses ${use}`);
  }
  return [...faults, ...previewFaults(sources), ...threadFaults(sources)];
}

const PREVIEW = /^agent\/preview\//;
const PREVIEW_COMMAND = "agent/preview/command.ts";
/** The one file that may make the preview run: it adds the command. */
const PREVIEW_STARTER = "agent/cli.ts";
const TERMINAL = "shared/edge/terminal.ts";
/** What could carry a preview's numbers off, or leave them lying about. */
const KEEPS = /\b(?:writeFile\w*|appendFile\w*|createWriteStream|writeFileAtomic|openDatabase)\b/;

/** A preview shows real numbers: to its own terminal, from a process that connects to nobody. */
function previewFaults(sources: Sources): string[] {
  const faults = sources.has(PREVIEW_COMMAND) ? [] : [`${PREVIEW_COMMAND} is gone`];
  for (const { from, to } of everyImport(sources)) {
    const allowed = PREVIEW.test(from) || (from === PREVIEW_STARTER && to === PREVIEW_COMMAND);
    if (isProduct(from) && PREVIEW.test(to) && !allowed) faults.push(`${from} imports ${to}`);
  }
  for (const path of reachable(sources, PREVIEW_COMMAND)) {
    const code = codeOf(sources.get(path) ?? "");
    if (NETWORK.test(path) || CONNECTION.test(path)) faults.push(`a preview reaches ${path}`);
    if (PREVIEW.test(path) && KEEPS.test(code)) faults.push(`${path} writes`);
    for (const [use] of code.matchAll(SPEAKS))
      if (path !== TERMINAL) faults.push(`a preview's ${path} uses ${use}`);
  }
  return faults;
}

/** Who may start a thread, and the one file it may start. */
const STARTERS: ReadonlyMap<string, string> = new Map([
  ["agent/gate/host.ts", "./worker.ts"],
  ["shared/edge/mask-threads.ts", "./mask-worker.ts"],
  ["agent/gate/match-threads.ts", "./match-worker.ts"],
]);
/** Threads that compute, and all that one is made of: arithmetic, ciphers, and the port it answers on. */
const COMPUTING: ReadonlyMap<string, RegExp> = new Map([
  [
    "shared/edge/mask-worker.ts",
    /^(?:shared\/(?:base|secagg)\/.*|shared\/edge\/mask-worker\.ts|node:crypto|node:worker_threads)$/,
  ],
  [
    "agent/gate/match-worker.ts",
    /^(?:shared\/(?:base|crypto|matching)\/.*|agent\/gate\/match-worker\.ts|node:crypto|node:worker_threads)$/,
  ],
]);
const SHARES_MEMORY = /^shared\/edge\/mask-(?:threads|worker)\.ts$/;

function threadFaults(sources: Sources): string[] {
  const faults: string[] = [];
  for (const [path, source] of sources) {
    if (!isProduct(path)) continue;
    const code = codeOf(source);
    if (startsStranger(path, source)) faults.push(`${path} starts a thread`);
    if (path !== GATE_WORKER && !COMPUTING.has(path) && /\bparentPort\b/.test(code))
      faults.push(`${path} speaks for the gate's thread or a mask thread`);
    const doors = /\b(?:MessageChannel|BroadcastChannel|receiveMessageOnPort)\b/.test(code);
    if (doors || (/\bSharedArrayBuffer\b/.test(code) && !SHARES_MEMORY.test(path)))
      faults.push(`${path} opens another door`);
  }
  return [...faults, ...postFaults(sources), ...computingFaults(sources)];
}

/** Whether a file starts a thread that it may not start. */
function startsStranger(path: string, source: string): boolean {
  const started = withoutComments(source).matchAll(
    /\bnew\s+Worker\b(?:\(\s*new URL\("([^"]*)",)?/g,
  );
  const imports = /\bWorker\s+as\b/.test(codeOf(source));
  return imports || [...started].some(([, target]) => target !== (STARTERS.get(path) ?? null));
}

function postFaults(sources: Sources): string[] {
  return [GATE_WORKER, ...COMPUTING.keys()].flatMap((path) => {
    const posts = codeOf(sources.get(path) ?? "").match(/\bpostMessage\b/g)?.length ?? 0;
    return posts === 1 ? [] : [`${path} posts in ${posts} places, not one`];
  });
}

/** A thread that computes holds nothing of either side: no records, no models, no connection. */
function computingFaults(sources: Sources): string[] {
  const faults: string[] = [];
  for (const [worker, allowed] of COMPUTING) {
    if (!sources.has(worker)) faults.push(`${worker} is gone`);
    for (const path of reachable(sources, worker)) {
      if (!allowed.test(path)) faults.push(`${worker} reaches ${path}`);
      for (const [use] of codeOf(sources.get(path) ?? "").matchAll(SPEAKS))
        faults.push(`a mask thread's ${path} uses ${use}`);
    }
  }
  return faults;
}

const LINES_MAX = 300;

/** Every file says what it is in its first comment, and is short enough to read. */
export function fileFaults(sources: Sources): string[] {
  return [...sources].flatMap(([path, source]) => {
    const lines = source.trimEnd().split("\n").length;
    const faults = lines > LINES_MAX && isProduct(path) ? [`${path} has ${lines} lines`] : [];
    return headerOf(source) === null ? [...faults, `${path} has no header comment`] : faults;
  });
}
