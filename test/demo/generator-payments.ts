/** Made-up card customers and their honest payments. Pure: all chance comes from the argument. */
import type { UniformSource } from "../../shared/base/uniform.ts";
import { type Channel, COUNTRIES, type Merchant } from "./generator-schema.ts";

export const DAY_S = 86_400;
export const MONTH_DAYS = 30;

/** One payment before features are derived from its past. */
export interface Payment {
  /** Seconds from the start of the month. */
  readonly timeS: number;
  readonly amount: number;
  readonly channel: Channel;
  readonly merchant: Merchant;
  readonly country: string;
  readonly newDevice: boolean;
  /** What the card network thinks of the merchant, 0 … 1. */
  readonly risk: number;
  /** From the payment before. */
  readonly distanceKm: number;
  readonly fraud: boolean;
}

export interface Customer {
  readonly age: number;
  readonly accountMonths: number;
  /** Mean of ln(amount). */
  readonly logSpend: number;
  readonly home: string;
  readonly paymentCount: number;
  /** Share of payments made on line. */
  readonly online: number;
  readonly nightOwl: boolean;
  readonly gamer: boolean;
  /** The days of a journey, or null. */
  readonly trip: {
    readonly fromDay: number;
    readonly toDay: number;
    readonly country: string;
  } | null;
  /** The day a new telephone is bought, or null. */
  readonly deviceDay: number | null;
}

/** What makes one bank's customers differ from another's. */
export interface BankMix {
  readonly home: string;
  /** Added to ln(amount). */
  readonly wealth: number;
  readonly online: number;
  readonly young: number;
  readonly travel: number;
}

/** Countries that the schema does not list. */
const ELSEWHERE = ["TH", "NG", "AE", "MX"];
const ONSITE: readonly Merchant[] = [
  "grocery",
  "grocery",
  "grocery",
  "restaurant",
  "restaurant",
  "fuel",
  "transport",
  "fashion",
  "pharmacy",
  "electronics",
  "travel",
  "jewellery",
];
const ONLINE: readonly Merchant[] = [
  "fashion",
  "fashion",
  "electronics",
  "subscriptions",
  "subscriptions",
  "travel",
  "grocery",
  "gaming",
  "gift_cards",
  "pharmacy",
  "money_transfer",
];
/** Typical difference of ln(amount) from the customer's mean. */
const PRICE: Partial<Record<Merchant, number>> = {
  transport: -0.9,
  subscriptions: -0.9,
  gaming: -0.8,
  pharmacy: -0.4,
  restaurant: -0.2,
  electronics: 1,
  travel: 1.3,
  jewellery: 1.3,
  money_transfer: 1,
  cash: 0.8,
};
const RISK: Partial<Record<Merchant, number>> = {
  gaming: 0.32,
  gift_cards: 0.36,
  money_transfer: 0.34,
  electronics: 0.24,
  jewellery: 0.26,
  travel: 0.24,
};

export function oneOf<T>(
  random: UniformSource,
  values: readonly [T, ...T[]] | readonly T[],
  fallback: T,
): T {
  return values[random.below(values.length)] ?? fallback;
}

export function abroad(random: UniformSource, home: string): string {
  const known = oneOf<string>(random, COUNTRIES, "US");
  const country = random.unit() < 0.25 ? oneOf(random, ELSEWHERE, "TH") : known;
  return country === home ? "US" : country;
}

/** The network's opinion of a merchant of this kind, with its errors. */
export function riskOf(random: UniformSource, merchant: Merchant, extra = 0): number {
  const risk = (RISK[merchant] ?? 0.15) + extra + 0.1 * random.normal();
  return Math.min(1, Math.max(0, risk));
}

export function createCustomer(random: UniformSource, mix: BankMix): Customer {
  const young = random.unit() < mix.young;
  const age = young ? 18 + random.below(12) : 30 + Math.floor(58 * random.unit() ** 1.3);
  const fromDay = random.below(MONTH_DAYS);
  const travels = random.unit() < mix.travel;
  return {
    age,
    accountMonths: 1 + Math.floor((age - 17) * 9 * random.unit() ** 1.6),
    logSpend: 3 + mix.wealth + 0.45 * random.normal() - (young ? 0.3 : 0),
    home: mix.home,
    paymentCount: 3 + Math.floor(-5.2 * Math.log(1 - random.unit())),
    online: Math.min(0.9, Math.max(0.03, mix.online + 0.15 * random.normal() + (young ? 0.15 : 0))),
    nightOwl: random.unit() < (young ? 0.15 : 0.04),
    gamer: random.unit() < (young ? 0.15 : 0.03),
    trip: travels
      ? { fromDay, toDay: fromDay + 3 + random.below(9), country: abroad(random, mix.home) }
      : null,
    deviceDay: random.unit() < 0.12 ? random.below(MONTH_DAYS) : null,
  };
}

/** The customer's own payments of the month, in no particular order. */
export function honestPayments(random: UniformSource, customer: Customer): Payment[] {
  const payments: Payment[] = [];
  let timeS = 0;
  for (let i = 0; i < customer.paymentCount; i++) {
    // Errands come together: three payments in ten follow the one before within the hour or so.
    const follows = i > 0 && random.unit() < 0.3;
    timeS = follows ? timeS + 120 + random.below(4500) : timeOfDay(random, customer);
    payments.push(honestPayment(random, customer, timeS));
  }
  if (customer.gamer) payments.push(...gamingSession(random, customer));
  return payments;
}

function timeOfDay(random: UniformSource, customer: Customer): number {
  const day = random.below(MONTH_DAYS);
  const isNight = random.unit() < (customer.nightOwl ? 0.3 : 0.04);
  const hour = isNight
    ? 6 * random.unit()
    : Math.min(23.99, Math.max(6, 14.5 + 4 * random.normal()));
  return day * DAY_S + Math.floor(hour * 3600);
}

function honestPayment(random: UniformSource, customer: Customer, timeS: number): Payment {
  const day = Math.floor(timeS / DAY_S);
  const { trip } = customer;
  const away = trip !== null && day >= trip.fromDay && day <= trip.toDay;
  const online = random.unit() < customer.online * (away ? 0.3 : 1);
  const cash = !online && random.unit() < 0.06;
  const merchant = cash ? "cash" : oneOf(random, online ? ONLINE : ONSITE, "grocery");
  // A shop on line may sit in any country; a shop on site is where the customer is.
  const shopAbroad = online && random.unit() < 0.1;
  const country = shopAbroad ? abroad(random, customer.home) : away ? trip.country : customer.home;
  const logAmount = customer.logSpend + (PRICE[merchant] ?? 0) + 0.6 * random.normal();
  const isNew =
    customer.deviceDay !== null && day >= customer.deviceDay && day < customer.deviceDay + 4;
  return {
    timeS,
    amount: cash ? 10 * Math.ceil(Math.exp(logAmount) / 10) : Math.max(0.5, Math.exp(logAmount)),
    channel: online ? "ecommerce" : cash ? "atm" : onsiteChannel(random, away),
    merchant,
    country,
    newDevice: online && (isNew || random.unit() < 0.02),
    risk: riskOf(random, merchant),
    distanceKm: online
      ? 0
      : localDistance(random) * (away ? 3 : 1) + (away && random.unit() < 0.2 ? 800 : 0),
    fraud: false,
  };
}

function onsiteChannel(random: UniformSource, away: boolean): Channel {
  const draw = random.unit();
  if (draw < (away ? 0.12 : 0.03)) return "swipe";
  return draw < 0.45 ? "chip" : "contactless";
}

export function localDistance(random: UniformSource): number {
  return Math.exp(1.5 + 1.1 * random.normal());
}

/** Small payments in quick succession: what card testing looks like, but honest. */
function gamingSession(random: UniformSource, customer: Customer): Payment[] {
  const startS = timeOfDay(random, customer);
  return Array.from({ length: 2 + random.below(3) }, (_, i) => ({
    timeS: startS + i * (200 + random.below(900)),
    amount: oneOf(random, [0.99, 1.99, 4.99, 9.99], 4.99),
    channel: "ecommerce" as const,
    merchant: "gaming" as const,
    country: customer.home,
    newDevice: false,
    risk: riskOf(random, "gaming"),
    distanceKm: 0,
    fraud: false,
  }));
}
