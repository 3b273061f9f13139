/** A session is exactly once and in order, whatever the sockets do. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Session } from "../../../shared/protocol/session.ts";

const body = (value: number): Uint8Array => Uint8Array.of(value & 0xff, value >> 8);

test("under any schedule of losses, cuts and reconnects each message arrives once and in order", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("send" as const), lost: fc.boolean() }),
    fc.record({ kind: fc.constant("answer" as const), lost: fc.boolean() }),
    fc.record({ kind: fc.constant("reconnect" as const), deliver: fc.nat(5), stale: fc.boolean() }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const sender = new Session("s");
      const receiver = new Session("s");
      const arrived: number[] = [];
      let sentCount = 0;
      let cut = false; // A real socket delivers nothing after what it lost.
      const deliver = (frame: Uint8Array): void => {
        const got = receiver.receive(frame);
        expect(got.type).not.toBe("fault");
        if (got.type === "control") arrived.push((got.body[0] ?? 0) | ((got.body[1] ?? 0) << 8));
      };
      for (const next of [...steps, { kind: "reconnect" as const, deliver: 1000, stale: false }]) {
        if (next.kind === "send") {
          const frame = sender.sendControl(body(sentCount++));
          cut ||= next.lost;
          if (!cut) deliver(frame);
        } else if (next.kind === "answer") {
          cut ||= next.lost;
          const frame = receiver.acknowledgement();
          if (!cut) expect(sender.receive(frame)).toEqual({ type: "nothing" });
        } else {
          const frames = sender.replay(next.stale ? 0 : receiver.received);
          for (const frame of frames.slice(0, next.deliver)) deliver(frame);
          cut = next.deliver < frames.length;
        }
      }
      expect(arrived).toEqual(Array.from({ length: sentCount }, (_, i) => i));
    }),
  );
});

test("a frame that comes twice is delivered once", () => {
  const frame = new Session("s").sendControl(body(7));
  const receiver = new Session("s");
  expect(receiver.receive(frame).type).toBe("control");
  expect(receiver.receive(frame)).toEqual({ type: "nothing" });
});

test("what is acknowledged is not sent again", () => {
  const [a, b] = [new Session("s"), new Session("s")];
  b.receive(a.sendControl(body(1)));
  a.sendControl(body(2));
  a.receive(b.acknowledgement());
  expect(a.replay(b.received)).toHaveLength(1);
  expect(a.replay(2)).toHaveLength(0);
});

test("short frames, gaps, unknown kinds and acknowledgements of the future are faults", () => {
  const sender = new Session("s");
  sender.sendControl(body(1));
  const second = sender.sendControl(body(2));
  const code = (frame: Uint8Array): unknown => new Session("s").receive(frame);
  expect(code(second)).toEqual({ type: "fault", code: "sequenceGap" });
  expect(code(new Uint8Array(8))).toEqual({ type: "fault", code: "frameTooShort" });
  expect(code(Uint8Array.of(9, 1, 0, 0, 0, 0, 0, 0, 0))).toEqual({
    type: "fault",
    code: "unknownFrame",
  });
  expect(code(Uint8Array.of(0, 0, 0, 0, 0, 1, 0, 0, 0))).toEqual({ type: "fault", code: "badAck" });
  expect(code(Uint8Array.of(2, 1, 0, 0, 0, 0, 0, 0, 0, 1))).toEqual({
    type: "fault",
    code: "frameTooShort",
  });
});

test("no bytes make a session throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      expect(() => new Session("s").receive(bytes)).not.toThrow();
    }),
  );
});
