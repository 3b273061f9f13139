/** What names the coordinator and the token to a command: one line for each way in which it can be wrong. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { CoordinatorClient } from "../../../coordinator/cli/client.ts";
import { EXIT } from "../../../shared/base/errors.ts";

const folder = mkdtempSync(join(tmpdir(), "cloister-client-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const write = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

const url = "https://coordinator.example:7300";
const tokenPath = write("token", "cloister_x\n");
const SECRET = "first secret\nsecond secret\n";
const other = write("other", SECRET);

test("a configuration of address, authority and token is enough", () => {
  const config = write("client.yaml", stringify({ url, tokenPath }));
  expect(CoordinatorClient.from({ config })).toBeInstanceOf(CoordinatorClient);
  const bare = write("bare.yaml", stringify({ url: "http://[::1]:7300" }));
  expect(CoordinatorClient.from({ config: bare, tokenFile: tokenPath })).toBeInstanceOf(
    CoordinatorClient,
  );
});

test.each([
  [{ url }, "--token-file, or set CLOISTER_TOKEN"],
  [{ url, tokenPath: join(folder, "none") }, "none: cannot be read"],
  [{ url, tokenPath: other }, "a token is one line without spaces"],
  [{ url, tokenPath: write("empty", "\n") }, "a token is one line without spaces"],
  [{ url: "http://198.51.100.7:7300", tokenPath }, "not sent unencrypted"],
  [{ url: "http://localhost.example:7300", tokenPath }, "not sent unencrypted"],
  [{ url: "wss://coordinator.example", tokenPath }, "https://"],
  [{ url: "nowhere", tokenPath }, 'at "url"'],
  [{ url: 7, tokenPath }, 'at "url"'],
  [{ url, ca: join(folder, "none"), tokenPath }, "none: cannot be read"],
  [{ url, token: "cloister_x" }, "correct its spelling"],
  [{ tokenPath }, "correct its spelling"],
  [[url], "write fields with values, not a list"],
])("%j is refused in one line that says what to do", (config, mention) => {
  const path = write("wrong.yaml", stringify(config));
  const asked = (): unknown => CoordinatorClient.from({ config: path });
  expect(asked).toThrow(expect.objectContaining({ exitCode: EXIT.badInput }));
  expect(asked).toThrow(mention);
  expect(asked).not.toThrow(/secret|\n/);
});

test("paths in a configuration are seen from its own folder, and a coordinator on every address is asked on this machine", () => {
  const config = write("near.yaml", stringify({ url, tokenPath: "token" }));
  expect(CoordinatorClient.from({ config })).toBeInstanceOf(CoordinatorClient);
  const listen = { host: "0.0.0.0", port: 1 };
  const own = write("own.yaml", stringify({ listen, dataDir: "data" }));
  expect(() => CoordinatorClient.from({ config: own })).toThrow(join(folder, "data/admin.token"));
  const asked = CoordinatorClient.from({ config: own, tokenFile: tokenPath }).get("/v1/runs");
  return expect(asked).rejects.toThrow("http://127.0.0.1:1: ");
});
