/** Made-up fraud: five patterns, each a short episode on one customer's card. Pure. */
import { unreachable } from "../../shared/base/assert.ts";
import type { UniformSource } from "../../shared/base/uniform.ts";
import {
  abroad,
  type Customer,
  DAY_S,
  localDistance,
  MONTH_DAYS,
  oneOf,
  type Payment,
  riskOf,
} from "./generator-payments.ts";
import type { Channel, Merchant } from "./generator-schema.ts";

export const PATTERNS = ["stolenAbroad", "cardTesting", "takeover", "skimming", "cashOut"] as const;
export type Pattern = (typeof PATTERNS)[number];

/** The payments of one episode. */
export function fraudEpisode(
  random: UniformSource,
  customer: Customer,
  pattern: Pattern,
): Payment[] {
  switch (pattern) {
    case "stolenAbroad":
      return stolenAbroad(random, customer);
    case "cardTesting":
      return cardTesting(random, customer);
    case "takeover":
      return takeover(random, customer);
    case "skimming":
      return skimming(random, customer);
    case "cashOut":
      return cashOut(random, customer);
    default:
      return unreachable(pattern);
  }
}

function at(random: UniformSource, fromHour: number, toHour: number): number {
  const hour = fromHour + (toHour - fromHour) * random.unit();
  return random.below(MONTH_DAYS) * DAY_S + Math.floor(hour * 3600);
}

function payment(
  random: UniformSource,
  timeS: number,
  logAmount: number,
  channel: Channel,
  merchant: Merchant,
  rest: Partial<Payment>,
): Payment {
  const amount = Math.max(0.5, Math.exp(logAmount));
  const risk = riskOf(random, merchant, 0.21);
  const usual = { newDevice: false, distanceKm: 0, country: "", risk };
  return { ...usual, timeS, amount, channel, merchant, fraud: true, ...rest };
}

/** A stolen card far from home: large, at night, on site. */
function stolenAbroad(random: UniformSource, customer: Customer): Payment[] {
  const startS = at(random, 0, 6);
  const country = abroad(random, customer.home);
  return Array.from({ length: 1 + random.below(2) }, (_, i) =>
    payment(
      random,
      startS + i * (900 + random.below(5400)),
      customer.logSpend + 2 + 0.6 * random.normal(),
      oneOf<Channel>(random, ["swipe", "chip", "contactless"], "swipe"),
      oneOf<Merchant>(random, ["electronics", "jewellery", "fashion", "restaurant"], "fashion"),
      {
        country,
        distanceKm: i === 0 ? Math.exp(7.3 + 0.6 * random.normal()) : localDistance(random),
      },
    ),
  );
}

/** Stolen card numbers tried out: many tiny payments on line within minutes. */
function cardTesting(random: UniformSource, customer: Customer): Payment[] {
  const startS = at(random, 0, 24);
  return Array.from({ length: 3 + random.below(2) }, (_, i) =>
    payment(
      random,
      startS + i * (40 + random.below(500)),
      0.8 + 0.6 * random.normal(),
      "ecommerce",
      oneOf<Merchant>(random, ["subscriptions", "gift_cards", "gaming"], "gift_cards"),
      { country: random.unit() < 0.5 ? "US" : customer.home, newDevice: random.unit() < 0.3 },
    ),
  );
}

/** An account taken over: a device never seen before buys what can be sold on. */
function takeover(random: UniformSource, customer: Customer): Payment[] {
  const startS = at(random, 8, 24);
  return Array.from({ length: 1 + random.below(2) }, (_, i) =>
    payment(
      random,
      startS + i * (1800 + random.below(20_000)),
      customer.logSpend + 1.8 + 0.6 * random.normal(),
      "ecommerce",
      oneOf<Merchant>(random, ["electronics", "gift_cards", "fashion", "travel"], "electronics"),
      { country: customer.home, newDevice: random.unit() < 0.85 },
    ),
  );
}

/**
 * Copied at a compromised terminal of one trade: the magnetic stripe, near home, ordinary hours.
 */
function skimming(random: UniformSource, customer: Customer): Payment[] {
  const startS = at(random, 7, 23);
  return Array.from({ length: 1 + random.below(2) }, (_, i) =>
    payment(
      random,
      startS + i * (3600 + random.below(2 * DAY_S)),
      customer.logSpend + 1 + 0.5 * random.normal(),
      random.unit() < 0.85 ? "swipe" : "chip",
      oneOf<Merchant>(random, ["fuel", "fuel", "transport", "grocery"], "fuel"),
      { country: customer.home, distanceKm: localDistance(random) * 6 },
    ),
  );
}

/** A mule empties the account slowly: cash and transfers, day after day. */
function cashOut(random: UniformSource, customer: Customer): Payment[] {
  const startS = at(random, 6, 24);
  return Array.from({ length: 2 }, (_, i) => {
    const byTransfer = random.unit() < 0.4;
    return payment(
      random,
      startS + i * (5400 + random.below(DAY_S)),
      customer.logSpend + 2.2 + 0.5 * random.normal(),
      byTransfer ? "ecommerce" : "atm",
      byTransfer ? "money_transfer" : "cash",
      { country: customer.home, distanceKm: byTransfer ? 0 : localDistance(random) * 3 },
    );
  });
}
