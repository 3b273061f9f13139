/** The server's metrics as Prometheus reads them, and the forms in which scores are written. */
import { expect, test } from "vitest";
import { formatOfName, scoreWriter } from "../../../agent/scoring/formats.ts";
import { newMetrics } from "../../../agent/scoring/metrics.ts";
import { progress } from "../../../agent/scoring/progress.ts";

const state = { features: ['a"b\\c\nd', "plain"], unknown: Float64Array.of(3, 0) };
const full = { ...state, cpuSeconds: 1.5, residentBytes: 1024 };

test("counters, histograms and labels have the text format's form", () => {
  const metrics = newMetrics("ab");
  metrics.request(200, 0.0004);
  metrics.request(200, 9);
  metrics.request(422, 0.0005);
  for (const score of [0, 0.1, 0.15, 1]) metrics.score(score);
  const lines = metrics.text(full).split("\n");
  expect(lines).toEqual(
    expect.arrayContaining([
      "# TYPE cloister_requests_total counter",
      'cloister_model_info{sha256="ab"} 1',
      'cloister_requests_total{status="200"} 2',
      'cloister_requests_total{status="422"} 1',
      'cloister_request_duration_seconds_bucket{le="0.00025"} 0',
      'cloister_request_duration_seconds_bucket{le="0.0005"} 2',
      'cloister_request_duration_seconds_bucket{le="2.5"} 2',
      'cloister_request_duration_seconds_bucket{le="+Inf"} 3',
      "cloister_request_duration_seconds_count 3",
      "cloister_rows_scored_total 4",
      'cloister_row_score_bucket{le="0.1"} 2',
      'cloister_row_score_bucket{le="0.2"} 3',
      'cloister_row_score_bucket{le="+Inf"} 4',
      "cloister_row_score_sum 1.25",
      'cloister_unknown_values_total{feature="a\\"b\\\\c\\nd"} 3',
      'cloister_unknown_values_total{feature="plain"} 0',
      "process_cpu_seconds_total 1.5",
      "process_resident_memory_bytes 1024",
    ]),
  );
  const sample = /^(#.*|[a-z_]+(\{[a-z0-9]+="([^"\\]|\\.)*"\})? -?[\d.e+-]+|)$/;
  for (const line of lines) expect(line).toMatch(sample);
});

test("formats follow the name, packed or not", () => {
  const names = [
    "a.csv",
    "b.CSV.gz",
    "c.tsv",
    "d.jsonl",
    "e.ndjson.gz",
    "f.parquet",
    "csv",
    "x.gz",
  ];
  expect(names.map(formatOfName)).toEqual([
    ..."csv csv csv jsonl jsonl".split(" "),
    ...[null, null, null],
  ]);
});

test("reasons are cells, quoted where they must be, or a list", () => {
  const reasons = [{ feature: 'a,"b"', contribution: 1.25 }];
  const csv = scoreWriter("csv", 2);
  expect(csv.header).toBe("row,score,reason_1,contribution_1,reason_2,contribution_2\n");
  expect(csv.line(7, 0.5, reasons)).toBe('7,0.500000,"a,""b""",1.250000,,\n');
  expect(scoreWriter("csv", null).line(7, 0.5, [])).toBe("7,0.500000\n");
  const json = scoreWriter("jsonl", 2);
  expect(JSON.parse(json.line(7, 0.5, reasons))).toEqual({ row: 7, score: 0.5, reasons });
  expect(JSON.parse(scoreWriter("jsonl", null).line(7, 0.5, []))).toEqual({ row: 7, score: 0.5 });
});

test("progress is shown twice a second, no more", () => {
  const { at } = progress(1000);
  expect(at(10, 1400)).toBeNull();
  expect(at(30_000, 2000)).toBe("\r30,000 rows, 30,000 rows/s");
  expect(at(30_001, 2100)).toBeNull();
});
