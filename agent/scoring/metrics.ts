/**
 * What a scoring server counts, as Prometheus reads it. Pure. Counts and sums only; but whoever
 * asks before and after a single row sees that row's score: like the scores themselves, for the server's own.
 *
 * @see Prometheus, Exposition formats, text format 0.0.4.
 */

/** Upper bounds in seconds. */
const LATENCIES = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 2.5,
];
const SCORES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];

export interface Metrics {
  /** One request for scores, whatever became of it. */
  request(status: number, seconds: number): void;
  score(score: number): void;
  text(state: ServerState): string;
}

/** What is not counted here, as it stands. */
export interface ServerState {
  readonly features: readonly string[];
  /** Rows whose value was unknown, by feature. */
  readonly unknown: Float64Array;
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

interface Histogram {
  readonly bounds: readonly number[];
  /** One more than bounds: beyond the last. Not cumulative. */
  readonly counts: Float64Array;
  sum: number;
}

export function newMetrics(modelSha256: string): Metrics {
  const statuses = new Map<number, number>();
  const latency = histogram(LATENCIES);
  const scores = histogram(SCORES);
  return {
    request(status, seconds) {
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      observe(latency, seconds);
    },
    score: (score) => observe(scores, score),
    text({ features, unknown, cpuSeconds, residentBytes }) {
      const rows = scores.counts.reduce((sum, count) => sum + count, 0);
      const requests = [...statuses].sort(([a], [b]) => a - b);
      const blocks = [
        block("cloister_model_info", "gauge", "The model, by SHA-256 of its file.", [
          `{sha256="${label(modelSha256)}"} 1`,
        ]),
        block(
          "cloister_requests_total",
          "counter",
          "Requests for scores, by status.",
          requests.map(([status, count]) => `{status="${status}"} ${count}`),
        ),
        histogramBlock("cloister_request_duration_seconds", "Time to answer.", latency),
        block("cloister_rows_scored_total", "counter", "Rows scored.", [` ${rows}`]),
        histogramBlock("cloister_row_score", "Scores given: watch for drift.", scores),
        block(
          "cloister_unknown_values_total",
          "counter",
          "Scored rows whose value was unknown or no declared category.",
          features.map((name, f) => `{feature="${label(name)}"} ${unknown[f] ?? 0}`),
        ),
        block("process_cpu_seconds_total", "counter", "Processor time spent.", [` ${cpuSeconds}`]),
        block("process_resident_memory_bytes", "gauge", "Memory held.", [` ${residentBytes}`]),
      ];
      return blocks.join("");
    },
  };
}

function histogram(bounds: readonly number[]): Histogram {
  return { bounds, counts: new Float64Array(bounds.length + 1), sum: 0 };
}

function observe(into: Histogram, value: number): void {
  let bin = 0;
  while (bin < into.bounds.length && value > (into.bounds[bin] ?? 0)) bin += 1;
  into.counts[bin] = (into.counts[bin] ?? 0) + 1;
  into.sum += value;
}

function histogramBlock(name: string, help: string, { bounds, counts, sum }: Histogram): string {
  let total = 0;
  const lines = Array.from(counts, (count, bin) => {
    total += count;
    return `_bucket{le="${bounds[bin] ?? "+Inf"}"} ${total}`;
  });
  return block(name, "histogram", help, [...lines, `_sum ${sum}`, `_count ${total}`]);
}

function block(name: string, type: string, help: string, lines: readonly string[]): string {
  const head = `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
  return head + lines.map((line) => `${name}${line}\n`).join("");
}

function label(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
