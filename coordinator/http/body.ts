/** EDGE: the body of a request: of bounded size, JSON, of a schema; else one line says what is wrong. */
import type { Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { z } from "zod";
import { badInput, EXIT } from "../../shared/base/errors.ts";
import { parseOrRefuse } from "../../shared/charter/charter.ts";

const BODY_BYTES_MAX = 4 * 1024 * 1024;

export const limitBody = bodyLimit({
  maxSize: BODY_BYTES_MAX,
  onError: (context) => {
    const message = `the request is larger than ${BODY_BYTES_MAX >> 20} MiB`;
    return context.json({ code: "request.too-large", message, exitCode: EXIT.badInput }, 413);
  },
});

/** @param what It is, for the error. @throws {CloisterError} If it is not JSON, or does not fit. */
export async function bodyOf<T>(context: Context, schema: z.ZodType<T>, what: string): Promise<T> {
  let body: unknown;
  try {
    body = await context.req.json();
  } catch (cause) {
    throw badInput("request.not-json", `${what} is not JSON`, cause);
  }
  return parseOrRefuse(schema, body, what);
}
