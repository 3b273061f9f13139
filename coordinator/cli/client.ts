/** EDGE: people's side of the HTTP interface, for the command line: where the coordinator is, and with which token. */
import { z } from "zod";
import { badInput } from "../../shared/base/errors.ts";
import { readSmallFile, readYaml } from "../../shared/edge/files.ts";
import { HttpClient } from "../../shared/edge/http-client.ts";
import { isLoopback } from "../../shared/edge/listen.ts";
import { trustAuthority } from "../../shared/edge/trust.ts";
import { adminTokenPath } from "../config.ts";
import { readClientConfig, readCoordinatorConfig } from "./config-file.ts";

/** Options of every command that asks the coordinator. The token itself is no option: lists of processes show those. */
export interface Connection {
  /** The coordinator's own configuration, or a `ClientConfig`. */
  readonly config: string;
  readonly tokenFile?: string;
}

export class CoordinatorClient extends HttpClient {
  constructor(base: string, token: string, remedy: string) {
    super({ base, authorize: () => `Bearer ${token}`, remedy });
  }

  /** @throws {CloisterError} If the configuration or the token cannot be read, or the way is not one to send it on. */
  static from({ config: path, tokenFile }: Connection): CoordinatorClient {
    const isClients = "url" in readYaml(path, z.looseObject({}));
    const { base, tokenOf, remedy } = isClients ? fromClients(path) : fromCoordinators(path);
    const ownToken = (): string => process.env["CLOISTER_TOKEN"] || tokenOf();
    const token = tokenFile === undefined ? ownToken() : tokenIn(tokenFile);
    return new CoordinatorClient(base, checked(token), remedy);
  }
}

interface Source {
  readonly base: string;
  /** The token that the configuration names. */
  readonly tokenOf: () => string;
  /** What to do where nobody answers. */
  readonly remedy: string;
}

function fromClients(path: string): Source {
  const { url, ca, tokenPath } = readClientConfig(path);
  const { protocol, hostname, origin } = new URL(url);
  if (protocol !== "https:" && !isLoopback(hostname.replace(/^\[|\]$/g, ""))) {
    throw badInput(
      "client.plain",
      `${path}: ${url}: a token is not sent unencrypted beyond this machine; use https://`,
    );
  }
  if (ca !== undefined) trustAuthority(ca);
  const tokenOf = (): string => {
    if (tokenPath !== undefined) return tokenIn(tokenPath);
    throw badInput(
      "client.no-token",
      `${path}: no tokenPath; name the token's file there or with --token-file, or set CLOISTER_TOKEN`,
    );
  };
  const remedy = `is the address in ${path} right, and the certificate one that this machine knows (ca)?`;
  return { base: origin, tokenOf, remedy };
}

function fromCoordinators(path: string): Source {
  const { dataDir, listen, tls } = readCoordinatorConfig(path);
  const tokenPath = adminTokenPath(dataDir);
  const tokenOf = (): string => {
    try {
      return tokenIn(tokenPath);
    } catch (cause) {
      throw badInput(
        "admin.no-token",
        `${tokenPath}: cannot be read; start the coordinator once with "cloister coordinator start --config ${path}"`,
        cause,
      );
    }
  };
  // Who listens on all of a machine's addresses is not at an address called "all".
  const own = ANY_HOST.get(listen.host) ?? listen.host;
  const host = own.includes(":") ? `[${own}]` : own;
  const base = `${tls ? "https" : "http"}://${host}:${listen.port}`;
  const elsewhere =
    ", or is its certificate for another name? Then give --config a file with url and tokenPath";
  return {
    base,
    tokenOf,
    remedy: `start it with "cloister coordinator start"${tls ? elsewhere : ""}`,
  };
}

const ANY_HOST: ReadonlyMap<string, string> = new Map([
  ["0.0.0.0", "127.0.0.1"],
  ["::", "::1"],
]);

const tokenIn = (path: string): string => readSmallFile(path).toString("utf8").trim();

/** Never repeats it: what lies where a token should may be another secret. */
function checked(token: string): string {
  if (/^[\x21-\x7e]{1,200}$/.test(token)) return token;
  throw badInput(
    "client.bad-token",
    "what was given as the token is none: a token is one line without spaces",
  );
}
