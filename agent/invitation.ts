/** EDGE: where an invitation's token is read from: a file, the environment, and last the command line, which others can read. */
import { badInput, CloisterError, EXIT } from "../shared/base/errors.ts";
import { readSmallFile } from "../shared/edge/files.ts";
import { tell } from "../shared/edge/terminal.ts";

export interface TokenOptions {
  /** Exposed: as an argument it stands in lists of processes and in the shell's history. */
  readonly token?: string;
  readonly tokenFile?: string;
}

const REMEDY = "put it into a file and give --token-file FILE, or set CLOISTER_TOKEN";

/** @throws {CloisterError} If none is given, or two are, or it is not of an invitation's form. Never repeats it. */
export function invitationIn({ token, tokenFile }: TokenOptions): string {
  if (token !== undefined && tokenFile !== undefined)
    throw new CloisterError("token.twice", "--token and --token-file: give one", EXIT.usage);
  if (token !== undefined)
    tell(`--token can be read by others on this machine while it runs: rather ${REMEDY}.`);
  const file = tokenFile === undefined ? undefined : readSmallFile(tokenFile).toString("utf8");
  const given = (file ?? token ?? process.env["CLOISTER_TOKEN"] ?? "").trim();
  if (given === "") {
    const what = tokenFile === undefined ? "no token" : `${tokenFile}: no token in it`;
    const message = `${what}: take what "cloister room invite" printed, ${REMEDY}`;
    throw new CloisterError("token.missing", message, EXIT.usage);
  }
  // An access token has no dot: it is another secret, and goes to no coordinator as an invitation.
  if (/^[^\s.]+\.[^\s.]+$/.test(given)) return given;
  throw badInput(
    "token.malformed",
    'the token is none of an invitation; copy the whole line that "cloister room invite" printed',
  );
}
