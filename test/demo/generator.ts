/**
 * Generated card payments of made-up banks: demo and test data, no real person's. Pure and
 * repeatable from a seed. Built so that a consortium is worth having: a pattern of fraud is known
 * to one or two banks while they train, and reaches the held-out customers of all: what the others
 * saw yesterday.
 */

import type { HoldoutRule } from "../../models/features/partition.ts";
import { reproducibleRng } from "../../shared/base/reproducible.ts";
import { UniformSource } from "../../shared/base/uniform.ts";
import { fraudEpisode, PATTERNS, type Pattern } from "./generator-fraud.ts";
import {
  type BankMix,
  type Customer,
  createCustomer,
  DAY_S,
  honestPayments,
  type Payment,
} from "./generator-payments.ts";
import { DEMO_COLUMNS } from "./generator-schema.ts";

export interface DemoOptions {
  readonly seed: string;
  readonly bankCount: number;
  /** Of all banks together; about eight payments each. */
  readonly customerCount: number;
  /** The rule that will partition the tables: known patterns depend on it. */
  readonly isHoldout: HoldoutRule;
}

export interface DemoTable {
  /** `bank-1`, `bank-2` … */
  readonly memberId: string;
  readonly csv: string;
  readonly rowCount: number;
  readonly customerCount: number;
  readonly fraudCount: number;
  /** What the bank's training customers suffer; its held-out ones suffer all patterns. */
  readonly knownPatterns: readonly Pattern[];
}

export const DEMO_DEFAULTS = {
  seed: "cloister demo",
  bankCount: 5,
  customerCount: 15_000,
} as const;

/** Relative sizes; more banks than sizes repeat them. */
const SIZES = [5, 3.5, 2.5, 2, 1.5];
const MIXES: readonly BankMix[] = [
  { home: "DE", wealth: 0, online: 0.3, young: 0.2, travel: 0.1 },
  { home: "FR", wealth: 0.1, online: 0.35, young: 0.25, travel: 0.12 },
  { home: "NL", wealth: 0.15, online: 0.5, young: 0.4, travel: 0.15 },
  { home: "ES", wealth: -0.15, online: 0.25, young: 0.25, travel: 0.08 },
  { home: "IT", wealth: 0.35, online: 0.3, young: 0.1, travel: 0.2 },
];
const PLAIN_MIX: BankMix = { home: "DE", wealth: 0, online: 0.3, young: 0.2, travel: 0.1 };
/** Share of customers who suffer one episode in the month. */
const VICTIMS = 0.045;
/** Fraud that nobody reported, and honest payments that were disputed all the same. */
const UNREPORTED = 0.04;
const DISPUTED = 0.0004;

/** Makes the tables of all banks. Each bank has a stream of chance of its own. */
export function generateDemo(options: DemoOptions): DemoTable[] {
  const sizes = Array.from({ length: options.bankCount }, (_, i) => SIZES[i % SIZES.length] ?? 1);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  return sizes.map((size, bank) =>
    generateBank(options, bank, Math.max(1, Math.round((options.customerCount * size) / total))),
  );
}

/**
 * `stolenAbroad` happens everywhere. Each other pattern is known, while training, to two banks (one
 * where there are only two or three).
 */
export function knownPatterns(bank: number, bankCount: number): Pattern[] {
  const knowers = bankCount < 4 ? 1 : 2;
  return PATTERNS.filter((_, p) => p === 0 || (bank - p + 2 * bankCount) % bankCount < knowers);
}

function generateBank(options: DemoOptions, bank: number, customerCount: number): DemoTable {
  const random = new UniformSource(reproducibleRng(`${options.seed}/bank ${bank + 1}`));
  const mix = MIXES[bank % MIXES.length] ?? PLAIN_MIX;
  const known = knownPatterns(bank, options.bankCount);
  const lines: string[] = [DEMO_COLUMNS.join(",")];
  let fraudCount = 0;
  for (let i = 0; i < customerCount; i++) {
    const id = `${mix.home}${bank + 1}-${String(i + 1).padStart(6, "0")}`;
    const customer = createCustomer(random, mix);
    const patterns = options.isHoldout(id) ? PATTERNS : known;
    const payments = honestPayments(random, customer);
    if (random.unit() < VICTIMS) {
      const pattern = patterns[random.below(patterns.length)] ?? "stolenAbroad";
      payments.push(...fraudEpisode(random, customer, pattern));
    }
    payments.sort((a, b) => a.timeS - b.timeS);
    fraudCount += appendRows(random, lines, id, customer, payments);
  }
  const memberId = `bank-${bank + 1}`;
  const csv = `${lines.join("\n")}\n`;
  return {
    memberId,
    csv,
    rowCount: lines.length - 1,
    customerCount,
    fraudCount,
    knownPatterns: known,
  };
}

/** @param payments In order of time. @returns How many were labelled as fraud. */
function appendRows(
  random: UniformSource,
  lines: string[],
  id: string,
  customer: Customer,
  payments: readonly Payment[],
): number {
  let fraudCount = 0;
  let spent = 0;
  for (let i = 0; i < payments.length; i++) {
    const payment = payments[i];
    if (payment === undefined) continue;
    const isFraud = random.unit() < (payment.fraud ? 1 - UNREPORTED : DISPUTED);
    if (isFraud) fraudCount += 1;
    // Before any payment the bank expects what its customers pay on average.
    const meanAmount = (spent + 35) / (i + 1);
    lines.push(row(id, customer, payments, i, payment, meanAmount, isFraud));
    spent += payment.amount;
  }
  return fraudCount;
}

/** One line of the table: what the bank could have known at the time of the payment. */
function row(
  id: string,
  customer: Customer,
  payments: readonly Payment[],
  index: number,
  payment: Payment,
  meanAmount: number,
  isFraud: boolean,
): string {
  const last = payments[index - 1];
  const hour = (payment.timeS % DAY_S) / 3600;
  const day = Math.floor(payment.timeS / DAY_S) % 7;
  const cells = [
    id,
    payment.amount.toFixed(2),
    (payment.amount / meanAmount).toFixed(3),
    last === undefined ? "" : ((payment.timeS - last.timeS) / 3600).toFixed(3),
    countSince(payments, index, payment.timeS - 3600),
    countSince(payments, index, payment.timeS - DAY_S),
    hour.toFixed(2),
    hour < 6 ? 1 : 0,
    day >= 5 ? 1 : 0,
    payment.country === customer.home ? 0 : 1,
    payment.distanceKm.toFixed(1),
    payment.newDevice ? 1 : 0,
    payment.risk.toFixed(3),
    customer.accountMonths,
    customer.age,
    payment.channel,
    payment.merchant,
    payment.country,
    isFraud ? 1 : 0,
  ];
  return cells.join(",");
}

/** How many of the payments before `index` came after `sinceS`. */
function countSince(payments: readonly Payment[], index: number, sinceS: number): number {
  let count = 0;
  for (let i = index - 1; i >= 0 && (payments[i]?.timeS ?? 0) > sinceS; i--) count += 1;
  return count;
}
