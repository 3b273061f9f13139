/** EDGE: requests to a coordinator's HTTP interface; what it refuses becomes an error of one line. */
import { CloisterError, EXIT, type ExitCode } from "../base/errors.ts";

export interface HttpClientOptions {
  /** `https://host:port`. */
  readonly base: string;
  /** The `authorization` header of one request. */
  readonly authorize: (method: string, path: string) => string;
  /** What to do where nobody answers. */
  readonly remedy: string;
}

export class HttpClient {
  readonly #options: HttpClientOptions;

  constructor(options: HttpClientOptions) {
    this.#options = options;
  }

  async get<T>(path: string): Promise<T> {
    return (await this.#request("GET", path)).json() as Promise<T>;
  }

  async post<T>(path: string, body: unknown): Promise<T> {
    return (await this.#request("POST", path, JSON.stringify(body))).json() as Promise<T>;
  }

  /** The answer's bytes. Reads no more than `bytesMax` and one piece, whatever the coordinator sends. */
  async bytes(path: string, bytesMax: number): Promise<Uint8Array> {
    const response = await this.#request("GET", path);
    const pieces: Uint8Array[] = [];
    let size = 0;
    try {
      for await (const piece of response.body ?? []) {
        pieces.push(piece as Uint8Array);
        size += (piece as Uint8Array).length;
        if (size > bytesMax) break;
      }
    } catch (cause) {
      throw this.#unreachable(cause);
    }
    return new Uint8Array(Buffer.concat(pieces));
  }

  /** The lines of a stream, parsed, as they come; empty ones only show that it is alive. */
  async *lines<T>(path: string): AsyncGenerator<T> {
    const response = await this.#request("GET", path);
    let text = "";
    const decoder = new TextDecoder();
    const chunks = (response.body ?? new ReadableStream<Uint8Array>())[Symbol.asyncIterator]();
    for (;;) {
      const { done, value } = await chunks.next().catch((cause: unknown) => {
        throw this.#unreachable(cause);
      });
      if (done) return;
      text += decoder.decode(value, { stream: true });
      const lines = text.split("\n");
      text = lines.pop() ?? "";
      for (const line of lines) if (line !== "") yield JSON.parse(line) as T;
    }
  }

  async #request(method: string, path: string, body?: string): Promise<Response> {
    const { base, authorize } = this.#options;
    const send = (): Promise<Response> =>
      fetch(`${base}${path}`, {
        method,
        headers: { authorization: authorize(method, path), "content-type": "application/json" },
        ...(body === undefined ? {} : { body }),
      });
    // A connection that was idle may be closed just as it is used again; what only reads may be asked once more.
    const once = method === "GET" ? send().catch((cause) => resentAfterReset(cause, send)) : send();
    const response = await once.catch((cause) => {
      throw this.#unreachable(cause);
    });
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

  #unreachable(cause: unknown): CloisterError {
    const { base, remedy } = this.#options;
    return new CloisterError(
      "coordinator.unreachable",
      `${base}: the coordinator does not answer; ${remedy}`,
      EXIT.unreachable,
      cause,
    );
  }
}

function resentAfterReset(error: unknown, send: () => Promise<Response>): Promise<Response> {
  const { cause } = error as { cause?: { code?: string } };
  if (cause?.code !== "ECONNRESET" && cause?.code !== "UND_ERR_SOCKET") throw error;
  return send();
}
