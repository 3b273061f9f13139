/**
 * A reader of PMML regression models, from the standard's text alone: enough of XML and of PMML 4.4 to score with
 * what others would score with. Shares nothing with the writer.
 */

export interface Element {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: Element[];
  text: string;
}

export type Value = number | string | boolean | null;
export type Fields = ReadonlyMap<string, Value>;

/** @throws {Error} If it is not one well-formed element. */
export function parseXml(source: string): Element {
  const root: Element = { name: "", attributes: new Map(), children: [], text: "" };
  const open = [root];
  const token = /<\?[^>]*\?>|<(\/?)([A-Za-z]\w*)((?:\s+\w+="[^"<]*")*)\s*(\/?)>|([^<]+)/gy;
  let at = 0;
  for (const [whole, close, name, attributes = "", empty, text] of source.matchAll(token)) {
    at += whole.length;
    const parent = open.at(-1) ?? root;
    if (text !== undefined) parent.text += unescaped(text);
    else if (close === "/") {
      if (open.pop()?.name !== name) throw new Error(`</${name}> closes nothing`);
    } else if (name !== undefined) {
      const pairs = [...attributes.matchAll(/(\w+)="([^"]*)"/g)];
      const map = new Map(pairs.map(([, key = "", value = ""]) => [key, unescaped(value)]));
      if (map.size !== pairs.length) throw new Error(`<${name}> has an attribute twice`);
      const element: Element = { name, attributes: map, children: [], text: "" };
      parent.children.push(element);
      if (empty !== "/") open.push(element);
    }
  }
  const [only, ...more] = root.children;
  if (at !== source.length || open.length !== 1 || !only || more.length > 0)
    throw new Error("not well-formed");
  return only;
}

function unescaped(text: string): string {
  return text.replaceAll(/&(?:#(\d+);|(\w*);?)/g, (_, code: string | undefined, name: string) => {
    if (code !== undefined) return String.fromCharCode(Number(code));
    const known = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" }[name];
    if (known === undefined) throw new Error(`unknown entity ${name}`);
    return known;
  });
}

export function child(element: Element, name: string): Element {
  const found = element.children.find((inner) => inner.name === name);
  if (!found) throw new Error(`<${element.name}> has no <${name}>`);
  return found;
}

export const attribute = (element: Element, name: string): string => {
  const value = element.attributes.get(name);
  if (value === undefined) throw new Error(`<${element.name}> has no ${name}`);
  return value;
};

/** @returns The probability that the model's output field names, or null where PMML says "missing". */
export function pmmlScorer(source: string): (row: Readonly<Record<string, Value>>) => Value {
  const document = parseXml(source);
  const model = child(document, "RegressionModel");
  const derived =
    document.children.find(({ name }) => name === "TransformationDictionary")?.children ?? [];
  const declared = new Set(
    child(document, "DataDictionary").children.map((field) => attribute(field, "name")),
  );
  const used = child(model, "MiningSchema").children.map((field) => attribute(field, "name"));
  for (const name of used) if (!declared.has(name)) throw new Error(`${name} is not declared`);
  return (row) => {
    const fields = new Map<string, Value>(used.map((name) => [name, row[name] ?? null]));
    for (const field of derived)
      fields.set(attribute(field, "name"), evaluate(field.children[0], fields));
    return regressionScore(model, fields);
  };
}

/** What a regression of two categories gives for the one that its output names. */
export function regressionScore(model: Element, fields: Fields): Value {
  const output = child(child(model, "Output"), "OutputField");
  const tables = model.children.filter(({ name }) => name === "RegressionTable");
  const [first, second] = tables;
  if (!first || !second || tables.length !== 2) throw new Error("two categories were expected");
  const sum = regression(first, fields);
  if (sum === null) return null;
  const probability = 1 / (1 + Math.exp(-sum));
  return attribute(first, "targetCategory") === attribute(output, "value")
    ? probability
    : 1 - probability;
}

function regression(table: Element, fields: Fields): number | null {
  let sum: number | null = Number(attribute(table, "intercept"));
  for (const predictor of table.children) {
    const value = fields.get(attribute(predictor, "name"));
    if (value === undefined) throw new Error("a predictor of nothing");
    const coefficient = Number(attribute(predictor, "coefficient"));
    if (predictor.name === "CategoricalPredictor") {
      if (sum !== null && value === attribute(predictor, "value")) sum += coefficient;
    } else sum = sum === null || value === null ? null : sum + coefficient * Number(value);
  }
  return sum;
}

function evaluate(expression: Element | undefined, fields: Fields): Value {
  if (!expression) throw new Error("no expression");
  if (expression.name === "Constant") return Number(expression.text);
  if (expression.name === "FieldRef") return fields.get(attribute(expression, "field")) ?? null;
  const name = attribute(expression, "function");
  const parts = expression.children;
  if (name === "isMissing") return evaluate(parts[0], fields) === null;
  if (name === "if") return evaluate(parts[evaluate(parts[0], fields) === true ? 1 : 2], fields);
  const values = parts.map((part) => evaluate(part, fields));
  if (values.includes(null)) return null;
  const [a = Number.NaN, b = Number.NaN] = values.map(Number);
  const functions: Record<string, () => Value> = {
    "+": () => a + b,
    "-": () => a - b,
    "*": () => a * b,
    min: () => Math.min(a, b),
    max: () => Math.max(a, b),
    ln: () => Math.log(a),
    lessThan: () => a < b,
  };
  const of = functions[name];
  if (!of) throw new Error(`unknown function ${name}`);
  return of();
}
