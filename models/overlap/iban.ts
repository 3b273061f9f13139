/** International bank account numbers: without spaces, in capitals, and with check digits that are right. Pure. */

const IBAN = /^[A-Z]{2}\d{2}[A-Z\d]{11,30}$/;
/** Spaces, hyphens and what nobody sees. */
const BETWEEN = /[\s\p{Pd}\p{Cf}]/gu;

/**
 * @param text NFKC, without white space around it.
 * @returns Null where the form or the check digits are wrong (ISO 13616; ISO/IEC 7064, MOD 97-10).
 */
export function normalIban(text: string): string | null {
  const iban = text
    .replace(BETWEEN, "")
    .toUpperCase()
    .replace(/^IBAN:?/, "");
  return IBAN.test(iban) && remainderOf97(iban) === 1 ? iban : null;
}

/** The number that the text stands for, country and check digits last, letters as 10 … 35, modulo 97. */
function remainderOf97(iban: string): number {
  let remainder = 0;
  for (let i = 0; i < iban.length; i++) {
    const value = Number.parseInt(iban[(i + 4) % iban.length] ?? "", 36);
    remainder = (remainder * (value > 9 ? 100 : 10) + value) % 97;
  }
  return remainder;
}
