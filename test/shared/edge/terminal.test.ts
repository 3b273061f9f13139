/** What others said cannot steer the terminal of whoever reads it. */
import { afterEach, expect, test, vi } from "vitest";
import { badInput } from "../../../shared/base/errors.ts";
import { print, printText, reportAndExit } from "../../../shared/edge/terminal.ts";

afterEach(() => vi.restoreAllMocks());

const STEERING = "veto\u001b[2J\u009b1A\r\napproved \u202eegral\u2066\u200f";
const written = (stream: NodeJS.WriteStream): { text: string } => {
  const seen = { text: "" };
  vi.spyOn(stream, "write").mockImplementation((text) => {
    seen.text += String(text);
    return true;
  });
  return seen;
};

test("a line that is printed", () => {
  const seen = written(process.stdout);
  print(STEERING);
  expect(seen.text).toBe("veto [2J 1A  approved  egral  \n");
});

test("a text keeps its lines and nothing else", () => {
  const seen = written(process.stdout);
  printText(`# Report\n\n${STEERING}`);
  expect(seen.text).toBe("# Report\n\nveto [2J 1A \napproved  egral  \n");
});

test("an error that a coordinator worded", () => {
  const seen = written(process.stderr);
  vi.spyOn(process, "exit").mockImplementation((code) => {
    throw new Error(`exit ${code}`);
  });
  expect(() => reportAndExit(badInput("denied.x", STEERING), false)).toThrow("exit 3");
  expect(seen.text).toBe("cloister: veto [2J 1A  approved  egral  \n");
});
