/** EDGE: configuration files. A path in one is seen from the file's own folder, wherever the command was started. */
import { dirname, resolve } from "node:path";
import { readYaml } from "../../shared/edge/files.ts";
import { CoordinatorConfig } from "../config.ts";
import { ClientConfig } from "./client-config.ts";

export function readCoordinatorConfig(path: string): CoordinatorConfig {
  const at = seenFrom(path);
  const config = readYaml(path, CoordinatorConfig);
  const { tls, dataDir } = config;
  return {
    ...config,
    dataDir: at(dataDir),
    tls: tls && { certPath: at(tls.certPath), keyPath: at(tls.keyPath) },
  };
}

export function readClientConfig(path: string): ClientConfig {
  const at = seenFrom(path);
  const { url, ca, tokenPath } = readYaml(path, ClientConfig);
  return { url, ca: ca && at(ca), tokenPath: tokenPath && at(tokenPath) };
}

const seenFrom =
  (file: string) =>
  (path: string): string =>
    resolve(dirname(file), path);
