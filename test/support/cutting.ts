/** EDGE: a TCP proxy on loopback that cuts its connections in two after so many bytes, wherever a frame stands then. */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

export interface CuttingProxy {
  readonly port: number;
  /** Connections cut so far because they had carried their bytes. */
  readonly cutCount: () => number;
  /** Cuts all connections, and lets none through until told to. */
  hold(isHeld: boolean): void;
  close(): void;
}

/**
 * @param next How many bytes, of both directions together, the next connection may carry; `Infinity`: all.
 */
export async function cuttingProxy(targetPort: number, next: () => number): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  let cuts = 0;
  let held = false;
  const cutAll = (): void => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  const server = createServer((near) => {
    if (held) return void near.destroy();
    const far = connect(targetPort, "127.0.0.1");
    let left = next();
    let isCut = false;
    const cut = (): void => {
      near.destroy();
      far.destroy();
    };
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from.setNoDelay());
      from.on("error", cut).on("close", cut);
      from.on("data", (chunk: Buffer) => {
        if (left > 0) to.write(chunk.subarray(0, left));
        left -= chunk.length;
        if (left > 0 || isCut) return;
        isCut = true;
        cuts += 1;
        to.end(() => cut()); // What came before the cut arrives.
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (typeof address !== "object" || !address) throw new Error("the proxy has no port");
  return {
    port: address.port,
    cutCount: () => cuts,
    hold(isHeld) {
      held = isHeld;
      if (held) cutAll();
    },
    close() {
      cutAll();
      server.close();
    },
  };
}
