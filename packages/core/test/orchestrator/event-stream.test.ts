import { expect, test } from "vitest";
// Not exported: a run hands it out as `events`.
import { EventStream } from "../../dist/orchestrator/event-stream.js";

async function kindsOf(events: AsyncIterable<{ kind: string }>): Promise<string[]> {
  const kinds: string[] = [];
  for await (const { kind } of events) kinds.push(kind);
  return kinds;
}

test("an iteration that does not keep up with what workers print loses that, is told how much, and nothing else", async () => {
  const stream = new EventStream();
  const events = stream[Symbol.asyncIterator]();
  stream.emit("sealed", { produced: 1 });
  for (let i = 0; i < 5000; i++) stream.emit("output", { worker: "producer-1", stream: "stdout", text: "x" });
  stream.emit("drained", { consumed: 1 });
  stream.end();
  const seen: { kind: string; events?: number }[] = [];
  for await (const event of events) seen.push(event);
  const output = seen.filter(({ kind }) => kind === "output").length;
  expect(output).toBeLessThan(5000);
  expect(seen.filter(({ kind }) => kind !== "output").map(({ kind }) => kind)).toEqual([
    "sealed",
    "drained",
    "skipped",
  ]);
  expect(seen.at(-1)?.events).toBe(5000 - output);
});

test("each iteration sees everything from its own beginning on", async () => {
  const stream = new EventStream();
  const first = kindsOf(stream);
  stream.emit("sealed", { produced: 1 });
  const second = kindsOf(stream);
  stream.emit("drained", { consumed: 1 });
  stream.end();
  expect(await first).toEqual(["sealed", "drained"]);
  expect(await second).toEqual(["drained"]);
  expect(await kindsOf(stream)).toEqual([]);
});

test("an iteration that is left early holds nothing more", async () => {
  const stream = new EventStream();
  stream.emit("sealed", { produced: 1 });
  const events = stream[Symbol.asyncIterator]();
  stream.emit("drained", { consumed: 1 });
  for await (const { kind } of events) {
    expect(kind).toBe("drained");
    break;
  }
  expect(await events.next()).toEqual({ done: true, value: undefined });
});

test("a listener is called at once, until it is taken off", () => {
  const stream = new EventStream();
  const kinds: string[] = [];
  const off = stream.on(({ kind }) => kinds.push(kind));
  stream.emit("sealed", { produced: 1 });
  expect(kinds).toEqual(["sealed"]);
  off();
  stream.emit("drained", { consumed: 1 });
  expect(kinds).toEqual(["sealed"]);
});
