/**
 * The public tables that our defaults are held against, and what a central model reaches on them: scikit-learn 1.2.1, not
 * tuned, the same settings for all sets, from the file BASELINES.md that lies beside the tables. Pure data.
 *
 * - `net`: MLP 64-32, Adam 1e-3, 15 epochs (60 for heart), on inputs by signed logarithm, standardised and one-hot.
 * - `trees`: HistGradientBoosting, at most 150 trees of 31 leaves, rate 0.08, early stopping on 10 % of the training rows.
 * - `alone`: a logistic model trained by one organisation alone and tested on everybody's rows, the mean over organisations.
 */
import type { RowSides } from "../../bin/simulate/sides.ts";

export interface Reference {
  readonly rocAuc: number;
  readonly prAuc: number;
}

export interface DataSet {
  readonly name: string;
  /** Below the data's folder. */
  readonly file: string;
  readonly sides: RowSides;
  /** Besides `org` and `fold`: leaks of the label, row numbers, keys. */
  readonly ignore: readonly string[];
  /** Columns of numbers that are codes; the rest is proposed from the training rows. */
  readonly categorical: readonly string[];
  readonly net: Reference;
  readonly trees: Reference;
  readonly alone: Reference;
}

const fold = (...values: string[]): RowSides => ({
  test: { column: "fold", values },
  skip: null,
});

export const DATA_SETS: readonly DataSet[] = [
  {
    name: "heart-disease-4-hospitals",
    file: "heart-disease-4-hospitals/data.csv.gz",
    sides: fold("0"),
    ignore: ["num"],
    categorical: ["cp", "restecg", "slope", "thal"],
    net: { rocAuc: 0.8603, prAuc: 0.8743 },
    trees: { rocAuc: 0.876, prAuc: 0.9014 },
    alone: { rocAuc: 0.7804, prAuc: 0.8269 },
  },
  {
    name: "uci-credit-default",
    file: "uci-credit-default/data.csv.gz",
    sides: fold("0"),
    ignore: ["ID"],
    categorical: ["SEX", "EDUCATION", "MARRIAGE"],
    net: { rocAuc: 0.7658, prAuc: 0.5229 },
    trees: { rocAuc: 0.7727, prAuc: 0.5347 },
    alone: { rocAuc: 0.691, prAuc: 0.4286 },
  },
  {
    name: "bank-marketing",
    file: "bank-marketing/data.csv.gz",
    sides: fold("0"),
    ignore: ["duration"],
    categorical: [],
    net: { rocAuc: 0.7866, prAuc: 0.4409 },
    trees: { rocAuc: 0.7975, prAuc: 0.4546 },
    alone: { rocAuc: 0.7309, prAuc: 0.355 },
  },
  {
    name: "ucsd-fico-2009-ecommerce-fraud",
    file: "ucsd-fico-2009-ecommerce-fraud/data.csv.gz",
    sides: fold("9", "10"),
    ignore: [],
    categorical: ["state1", "domain1", "field1"],
    net: { rocAuc: 0.918, prAuc: 0.4476 },
    trees: { rocAuc: 0.9291, prAuc: 0.5006 },
    alone: { rocAuc: 0.8295, prAuc: 0.2494 },
  },
  {
    name: "fraud-handbook-simulated",
    file: "fraud-handbook-simulated/features-35d.csv.gz",
    sides: {
      test: { column: "fold", values: ["test"] },
      skip: { column: "fold", values: ["gap"] },
    },
    ignore: ["day", "t", "customer", "terminal", "scenario"],
    categorical: [],
    net: { rocAuc: 0.9057, prAuc: 0.7455 },
    trees: { rocAuc: 0.9026, prAuc: 0.72 },
    alone: { rocAuc: 0.8931, prAuc: 0.6223 },
  },
  {
    name: "census-income-kdd",
    file: "census-income-kdd/data.csv.gz",
    sides: fold("0"),
    ignore: ["src_row"],
    categorical: [
      "detailed industry recode",
      "detailed occupation recode",
      "own business or self employed",
      "veterans benefits",
      "year",
    ],
    net: { rocAuc: 0.9432, prAuc: 0.6174 },
    trees: { rocAuc: 0.9537, prAuc: 0.6823 },
    alone: { rocAuc: 0.9101, prAuc: 0.4861 },
  },
];
