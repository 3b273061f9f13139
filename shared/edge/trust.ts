/** EDGE: certificate authorities that this process trusts besides those that come with it. */
import tls from "node:tls";
import { readSmallFile } from "./files.ts";

/** From now on in this process. @param path In PEM. @throws {CloisterError} If it cannot be read. */
export function trustAuthority(path: string): void {
  const authority = readSmallFile(path).toString("utf8");
  tls.setDefaultCACertificates([...tls.getCACertificates("default"), authority]);
}
