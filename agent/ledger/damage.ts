/** What is said when a ledger is not as it was left. Pure. */
import { CloisterError, EXIT } from "../../shared/base/errors.ts";

const REMEDY =
  "nothing is released on it. Find out who changed it, and put back the database, its .key and its .anchor " +
  'as they were last; "cloister ledger verify" checks them';

/** @param what Which entry or file, and what is wrong with it. */
export function damaged(path: string, what: string): CloisterError {
  return new CloisterError("ledger.damaged", `${path}: ${what}; ${REMEDY}`, EXIT.caught);
}
