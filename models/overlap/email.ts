/**
 * E-mail addresses: letter case and the domain's two spellings are levelled, and nothing else is. "a.b+c@x" stays
 * another address than "ab@x": that they reach one person is a habit of some providers, not a rule of mail. Pure.
 */

/** RFC 5321, §4.5.3.1. */
const LOCAL_LENGTH_MAX = 64;
const DOMAIN_LENGTH_MAX = 253;
/** Soft hyphens, joiners and marks of direction, which copying drags along and nobody sees. */
const INVISIBLE = /\p{Cf}/gu;
/** RFC 5322's dot-atom, and any letter beyond ASCII (RFC 6531). Each repetition begins with a dot: no backtracking. */
const LOCAL =
  /^[\w!#$%&'*+/=?^`{|}~\-\u{80}-\u{10ffff}]+(?:\.[\w!#$%&'*+/=?^`{|}~\-\u{80}-\u{10ffff}]+)*$/u;
const ASCII_DOMAIN = /^[a-z\d.-]+$/;
const LABEL = /^[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/;
/** Would end the host in an address, or be decoded in it. */
const NO_HOST = /[\s/\\?#@:[\]%<>^|]/u;

/**
 * @param text NFKC, without white space around it.
 * @returns local@domain in lower case, the domain in its ASCII form (UTS 46); null where it is no address.
 */
export function normalEmail(text: string): string | null {
  const visible = text.replace(INVISIBLE, "");
  const at = visible.lastIndexOf("@");
  const local = visible.slice(0, Math.max(0, at)).toLowerCase().normalize("NFKC");
  const domain = asciiDomain(visible.slice(at + 1).toLowerCase());
  if (domain === null || local.length > LOCAL_LENGTH_MAX || !LOCAL.test(local)) return null;
  return /[\s\p{Cc}]/u.test(local) ? null : `${local}@${domain}`;
}

/** "münchen.example" and "xn--mnchen-3ya.example" are one. */
function asciiDomain(domain: string): string | null {
  const ascii = ASCII_DOMAIN.test(domain) ? domain : hostOf(domain);
  if (ascii === null || ascii.length > DOMAIN_LENGTH_MAX) return null;
  const labels = ascii.split(".");
  const top = labels.at(-1) ?? "";
  const isName = labels.length >= 2 && !/^\d+$/.test(top);
  return isName && labels.every((label) => LABEL.test(label)) ? ascii : null;
}

/** As every browser reads a host: the one place where the tables of internationalised names are at hand. */
function hostOf(domain: string): string | null {
  if (NO_HOST.test(domain)) return null;
  return URL.canParse(`http://${domain}`) ? new URL(`http://${domain}`).hostname : null;
}
