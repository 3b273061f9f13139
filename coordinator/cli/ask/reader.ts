/** Reads an option's words one after the other, and says where it stands when one does not fit. Pure. */
import { syntaxFault, type Word, wordsOf } from "./words.ts";

/** Goes through the words once. */
export class Reader {
  readonly source: string;
  readonly #option: string;
  readonly #words: readonly Word[];
  #position = 0;

  /** @throws {CloisterError} `ask.syntax`, if it does not consist of words. */
  constructor(option: string, source: string) {
    this.source = source;
    this.#option = option;
    this.#words = wordsOf(option, source);
  }

  get next(): Word | undefined {
    return this.#words[this.#position];
  }

  get second(): Word | undefined {
    return this.#words[this.#position + 1];
  }

  get before(): Word | undefined {
    return this.#words[this.#position - 1];
  }

  isAtEnd(): boolean {
    return this.next === undefined;
  }

  skip(): void {
    this.#position += 1;
  }

  /** A name or a value. */
  word(what: string): Word {
    const { next } = this;
    if (next === undefined || next.kind === "sign") throw this.fault(`expected ${what}`);
    this.skip();
    return next;
  }

  /** Key words are so in capitals too, and never in quotation marks. */
  takes(keyword: string): boolean {
    const { next } = this;
    if (next?.kind !== "bare" || next.text.toLowerCase() !== keyword) return false;
    this.skip();
    return true;
  }

  takesSign(sign: string): boolean {
    if (this.next?.kind !== "sign" || this.next.text !== sign) return false;
    this.skip();
    return true;
  }

  fault(reason: string): Error {
    return syntaxFault(this.#option, this.source, this.next?.at ?? this.source.length, reason);
  }
}

/** As people write numbers; null: it is none. */
export function parseNumber(text: string): number | null {
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text)) return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}
