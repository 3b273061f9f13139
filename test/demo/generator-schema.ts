/**
 * What the demo banks' tables look like. Bounds and categories are declared here, as the members of
 * a real room would declare them from what they know of card payments; none is computed from rows.
 * Pure.
 */
import { DataSchema } from "../../shared/charter/schema.ts";

export const CHANNELS = ["chip", "contactless", "ecommerce", "swipe", "atm"] as const;
export type Channel = (typeof CHANNELS)[number];

export const MERCHANTS = [
  "grocery",
  "restaurant",
  "fuel",
  "transport",
  "fashion",
  "electronics",
  "travel",
  "pharmacy",
  "gaming",
  "gift_cards",
  "subscriptions",
  "cash",
  "money_transfer",
  "jewellery",
] as const;
export type Merchant = (typeof MERCHANTS)[number];

/** Countries of the schema; payments elsewhere are "anything else". */
export const COUNTRIES = ["DE", "FR", "NL", "ES", "IT", "PL", "GB", "US", "TR", "BR"] as const;

/** The tables' columns, in order. */
export const DEMO_COLUMNS = [
  "customer_id",
  "amount",
  "amount_vs_mean",
  "hours_since_last",
  "count_1h",
  "count_24h",
  "hour",
  "night",
  "weekend",
  "foreign",
  "distance_km",
  "new_device",
  "merchant_risk",
  "account_months",
  "customer_age",
  "channel",
  "merchant",
  "country",
  "fraud",
] as const;

/** The demo room's feature schema. */
export function demoSchema(): DataSchema {
  const number = (name: string, min: number, max: number, transform: "none" | "log" = "none") => ({
    name,
    type: "number" as const,
    min,
    max,
    transform,
  });
  const category = (name: string, categories: readonly string[]) => ({
    name,
    type: "category" as const,
    categories,
  });
  return DataSchema.parse({
    label: { column: "fraud", positive: "1", negative: "0" },
    unit: { column: "customer_id" },
    features: [
      number("amount", 1, 2000, "log"),
      number("amount_vs_mean", 0, 12, "log"),
      // Empty for a customer's first payment.
      { ...number("hours_since_last", 0, 336, "log"), missing: "indicator" },
      number("count_1h", 0, 3),
      number("count_24h", 0, 6),
      number("hour", 0, 24),
      number("night", 0, 1),
      number("weekend", 0, 1),
      number("foreign", 0, 1),
      number("distance_km", 0, 5000, "log"),
      number("new_device", 0, 1),
      number("merchant_risk", 0, 0.8),
      number("account_months", 0, 240, "log"),
      number("customer_age", 18, 90),
      category("channel", CHANNELS),
      category("merchant", MERCHANTS),
      category("country", COUNTRIES),
    ],
  });
}
