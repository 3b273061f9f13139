/** Acknowledgements that wait for a frame to ride on: one leaves alone only where none came, and the next waits again. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { DelayedAck } from "../../../shared/edge/delayed-ack.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("what no frame acknowledged is acknowledged once, a quarter of a second after it came", () => {
  const send = vi.fn();
  const ack = new DelayedAck(send);
  ack.received();
  vi.advanceTimersByTime(200);
  ack.received();
  expect(send).not.toHaveBeenCalled();
  vi.advanceTimersByTime(50);
  expect(send).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(1000);
  expect(send).toHaveBeenCalledTimes(1);
  ack.received(); // Also if nothing could be sent, as without a socket.
  vi.advanceTimersByTime(250);
  expect(send).toHaveBeenCalledTimes(2);
});

test("a frame that leaves settles it, and what comes after waits its own time", () => {
  const send = vi.fn();
  const ack = new DelayedAck(send);
  ack.received();
  vi.advanceTimersByTime(200);
  ack.settled();
  ack.received();
  vi.advanceTimersByTime(200);
  expect(send).not.toHaveBeenCalled();
  vi.advanceTimersByTime(50);
  expect(send).toHaveBeenCalledTimes(1);
});
