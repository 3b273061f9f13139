/** An answer that has every kind of cell, for tests of how answers are written. */
import type { Answer, Chart } from "../../../models/answers/answer.ts";

export const around = (value: number, half: number) => ({
  value,
  low: value - half,
  high: value + half,
});

export const BARS: Chart = {
  kind: "bars",
  title: "Rows by <country>",
  x: "country",
  y: "rows",
  series: [
    { name: "web", points: [point("DE", 1200), point("FR", 800), point("elsewhere", -20)] },
    { name: "shop", points: [point("DE", 700), { x: "FR", y: Number.NaN }] },
  ],
};

function point(x: string, y: number) {
  return { x, y, low: y - 60, high: y + 60 };
}

export const ANSWER: Answer = {
  title: "Rows by country and channel",
  tables: [
    {
      name: "counts",
      columns: [
        { name: "country", kind: "text" },
        { name: "=channel", kind: "text" },
        { name: "rows", kind: "count" },
        { name: "share", kind: "share" },
        { name: "p", kind: "probability" },
      ],
      rows: [
        ["DE", "web", around(12345.5, 78.5), around(0.25, 0.0125), 0.00000123],
        ["FR", '=2+5, "shop"\nand more', around(-3, 80), null, Number.POSITIVE_INFINITY],
        ["-5", "@all", { value: 2, low: 2, high: Number.POSITIVE_INFINITY }, 0.5, Number.NaN],
      ],
    },
  ],
  charts: [BARS],
  notes: ["Noise was added."],
};
