/** EDGE: the operator's side of the HTTP interface, for the command line. */
import { readFileSync } from "node:fs";
import { badInput } from "../shared/base/errors.ts";
import { readYaml } from "../shared/edge/files.ts";
import { HttpClient } from "../shared/edge/http-client.ts";
import { CoordinatorConfig } from "./config.ts";
import { adminTokenPath } from "./service.ts";

export class AdminClient extends HttpClient {
  constructor(base: string, token: string) {
    const remedy = 'start it with "cloister coordinator start"';
    super({ base, authorize: () => `Bearer ${token}`, remedy });
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
}
