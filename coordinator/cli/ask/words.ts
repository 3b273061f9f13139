/** Splits what people type after an option into words, texts in quotation marks, and signs, each with its place. Pure. */
import { badInput, type CloisterError } from "../../../shared/base/errors.ts";

export interface Word {
  /** `sign`: an operator, a comma, a parenthesis. `quoted` may be a column's name or a value, never a key word. */
  readonly kind: "bare" | "quoted" | "sign";
  readonly text: string;
  /** Of its first character in the whole, from 0. */
  readonly at: number;
}

const SIGNS = ["<=", ">=", "!=", "<>", "==", "=", "<", ">", "≤", "≥", "≠", ",", "(", ")"] as const;
const BARE_ENDS = /[\s,()<>=!≤≥≠"'`]/u;

/** Inside quotation marks the same mark twice is one. @throws {CloisterError} `ask.syntax`. */
export function wordsOf(option: string, source: string): Word[] {
  const words: Word[] = [];
  for (let at = 0; at < source.length; ) {
    const letter = source[at] ?? "";
    if (/\s/u.test(letter)) {
      at += 1;
      continue;
    }
    const sign = SIGNS.find((one) => source.startsWith(one, at));
    if (sign !== undefined) {
      words.push({ kind: "sign", text: sign, at });
      at += sign.length;
    } else if (letter === '"' || letter === "'" || letter === "`") {
      const { text, end } = quotedText(option, source, at, letter);
      words.push({ kind: "quoted", text, at });
      at = end;
    } else {
      const end = bareEnd(option, source, at);
      words.push({ kind: "bare", text: source.slice(at, end), at });
      at = end;
    }
  }
  return words;
}

function quotedText(
  option: string,
  source: string,
  at: number,
  mark: string,
): { text: string; end: number } {
  let text = "";
  for (let i = at + 1; i < source.length; i++) {
    if (source[i] !== mark) text += source[i];
    else if (source[i + 1] === mark) {
      text += mark;
      i += 1;
    } else return { text, end: i + 1 };
  }
  throw syntaxFault(option, source, at, `the quotation mark ${mark} is not closed`);
}

function bareEnd(option: string, source: string, at: number): number {
  if (source[at] === "!") throw syntaxFault(option, source, at, "! means nothing alone; write !=");
  let end = at + 1;
  while (end < source.length && !BARE_ENDS.test(source[end] ?? "")) end += 1;
  return end;
}

/** @param at Where in it, from 0. @param reason What is wrong there, and what to write. */
export function syntaxFault(
  option: string,
  source: string,
  at: number,
  reason: string,
): CloisterError {
  const place =
    at >= source.length ? "at its end" : `at character ${at + 1} ("${near(source, at)}")`;
  return badInput("ask.syntax", `${option} ${JSON.stringify(source)}: ${place}: ${reason}`);
}

const NEAR = 16;
const near = (source: string, at: number): string =>
  source.length - at <= NEAR ? source.slice(at) : `${source.slice(at, at + NEAR)}…`;
