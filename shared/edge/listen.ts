/** EDGE: a port to listen on; one line when it cannot be had. */
import type { Server } from "node:http";
import { CloisterError, EXIT } from "../base/errors.ts";

export function isLoopback(host: string): boolean {
  return ["127.0.0.1", "localhost", "::1"].includes(host);
}

/**
 * @param portName What errors call the port's setting.
 * @returns The port; another than asked for where that was 0.
 * @throws {CloisterError} With `code`: the port is in use, or may not be had.
 */
export async function listenOn(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
  { code, portName }: { readonly code: string; readonly portName: string },
): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const reason =
        cause.code === "EADDRINUSE"
          ? `the port is in use; stop the other program or choose another ${portName}`
          : `cannot listen (${cause.code})`;
      reject(new CloisterError(code, `${host}:${port}: ${reason}`, EXIT.failed, cause));
    });
    server.listen(port, host, resolve);
  });
  const address = server.address();
  return typeof address === "object" && address ? address.port : port;
}
