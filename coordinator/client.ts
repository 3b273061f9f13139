/** EDGE: the operator's side of the HTTP interface, for the command line. */
import { readFileSync } from "node:fs";
import { badInput, CloisterError, EXIT, type ExitCode } from "../shared/base/errors.ts";
import { readYaml } from "../shared/edge/files.ts";
import { CoordinatorConfig } from "./config.ts";
import { adminTokenPath } from "./service.ts";

export class AdminClient {
  readonly #base: string;
  readonly #token: string;

  constructor(base: string, token: string) {
    this.#base = base;
    this.#token = token;
  }

  /** Address and token from the coordinator's own configuration file. */
  static fromConfig(path: string): AdminClient {
    const config = readYaml(path, CoordinatorConfig);
    const tokenPath = adminTokenPath(config.dataDir);
    let token: string;
    try {
      token = readFileSync(tokenPath, "utf8").trim();
    } catch (cause) {
      throw badInput(
        "admin.no-token",
        `${tokenPath}: cannot be read; start the coordinator once with "cloister coordinator start --config ${path}"`,
        cause,
      );
    }
    const { host, port } = config.listen;
    return new AdminClient(`${config.tls ? "https" : "http"}://${host}:${port}`, token);
  }

  async get<T>(path: string): Promise<T> {
    return (await this.#request("GET", path)).json() as Promise<T>;
  }

  async post<T>(path: string, body: unknown): Promise<T> {
    return (await this.#request("POST", path, JSON.stringify(body))).json() as Promise<T>;
  }

  /** The lines of a stream, parsed, as they come. */
  async *lines<T>(path: string): AsyncGenerator<T> {
    const response = await this.#request("GET", path);
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      const lines = text.split("\n");
      text = lines.pop() ?? "";
      for (const line of lines) yield JSON.parse(line) as T;
    }
  }

  async #request(method: string, path: string, body?: string): Promise<Response> {
    let response: Response;
    try {
      const headers = {
        authorization: `Bearer ${this.#token}`,
        "content-type": "application/json",
      };
      response = await fetch(`${this.#base}${path}`, {
        method,
        headers,
        ...(body === undefined ? {} : { body }),
      });
    } catch (cause) {
      throw new CloisterError(
        "coordinator.unreachable",
        `${this.#base}: the coordinator does not answer; start it with "cloister coordinator start"`,
        EXIT.unreachable,
        cause,
      );
    }
    if (response.ok) return response;
    const error = (await response.json().catch(() => ({}))) as {
      code?: string;
      message?: string;
      exitCode?: ExitCode;
    };
    throw new CloisterError(
      error.code ?? "coordinator.error",
      error.message ?? `the coordinator answered ${response.status}`,
      error.exitCode ?? EXIT.failed,
    );
  }
}
