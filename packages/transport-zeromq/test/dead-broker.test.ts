// A broker that is killed has no journal: what was in it is gone, and everybody is told within seconds.

import { createBuffer, type Lease, openBuffer, type RunEvent, run } from "@sluice/core";
import { outcomeOf, outcomesOf, until } from "@sluice/test-support";
import { expect, onTestFinished, test } from "vitest";
import { zeromqTransport } from "../dist/index.js";
import { brokersHere, freshSocket, type MadeBuffer, madeBuffer } from "./support/buffers.js";

/** After a second of silence it is found out; core then tries a put of unknown outcome again, for 5 s. Several times that is as good as never. */
const SECONDS_MS = 40_000;
const TYPED = ["TRANSPORT_UNAVAILABLE", "OUTCOME_UNKNOWN"];

test("every call ends with its type within seconds, also those that come later, over ipc and tcp", async () => {
  const brokers = [
    await madeBuffer({ over: "ipc", broker: "process", capacity: 2 }),
    await madeBuffer({ over: "tcp", broker: "process", capacity: 2 }),
  ];
  await Promise.all(brokers.map(expectTypedEnds));
});

async function expectTypedEnds({ buffer, url, brokerPid }: MadeBuffer): Promise<void> {
  const producer = await buffer.producer();
  const [full, empty] = [await buffer.consumer(), await buffer.consumer()];
  const other = await openBuffer(zeromqTransport({ url }));
  await producer.putMany([1, 2]);
  const leases = await full.leaseMany(2);
  const otherProducer = await other.producer();
  const put = producer.put(3);
  const waiting = { take: empty.take(), lease: full.lease(), drained: buffer.drained() };
  await until(async () => (await buffer.counts()).waitingProducers === 1, "the put waits");
  process.kill(brokerPid, "SIGKILL");
  const outcomes = await outcomesOf(
    {
      put,
      ...waiting,
      tryPut: otherProducer.tryPut(4),
      ack: (leases[0] as Lease<unknown>).ack(),
      nack: (leases[1] as Lease<unknown>).nack(),
      counts: buffer.counts(),
      seal: other.seal(),
      producer: other.producer(),
    },
    SECONDS_MS,
  );
  for (const [name, outcome] of Object.entries(outcomes)) expect(TYPED, name).toContain(outcome);
  await expect(openBuffer(zeromqTransport({ url }))).rejects.toMatchObject({ code: "BUFFER_NOT_FOUND" });
  const ends = await outcomesOf({ close: other.close(), destroy: buffer.destroy() }, SECONDS_MS);
  // There is nobody left to say goodbye to.
  expect(ends["close"]).toBeUndefined();
  expect(TYPED).toContain(ends["destroy"]);
}

test("once it is certain to be gone, whatever is asked later fails at once, and had no effect", async () => {
  const { buffer, brokerPid } = await madeBuffer({ over: "ipc", broker: "process", capacity: 2 });
  const [producer, consumer] = [await buffer.producer(), await buffer.consumer()];
  process.kill(brokerPid, "SIGKILL");
  const none = { code: "TRANSPORT_UNAVAILABLE", effect: "none" };
  await expect(consumer.take()).rejects.toMatchObject(none);
  // A second for each of them would be too long for this test.
  for (let n = 0; n < 100; n++) {
    await expect(buffer.counts()).rejects.toMatchObject(none);
    await expect(producer.put(n)).rejects.toMatchObject(none);
  }
  await buffer.close();
});

test("a later broker with another buffer at the same place is never used by the old handles", async () => {
  const { buffer, url, brokerPid } = await madeBuffer({ over: "ipc", broker: "process", capacity: 2 });
  const producer = await buffer.producer();
  const consumer = await buffer.consumer();
  await producer.putMany(["old", "old"]);
  // Told as soon as the next broker is heard, which may be before anything else here is.
  const put = outcomeOf(producer.put("old"), "the put", SECONDS_MS);
  const lease = await consumer.lease();
  process.kill(brokerPid, "SIGKILL");
  await until(() => !brokersHere().includes(brokerPid), "the broker is gone");
  const next = await createBuffer(zeromqTransport({ url }), { capacity: 5 });
  onTestFinished(() => next.destroy());
  await (await next.producer()).put("new");
  expect(["BUFFER_DESTROYED", "OUTCOME_UNKNOWN"]).toContain(await put);
  const outcomes = await outcomesOf(
    {
      take: consumer.take(),
      ack: lease.done ? Promise.resolve() : lease.value.ack(),
      counts: buffer.counts(),
      seal: buffer.seal(),
      put: producer.put("old"),
      producer: buffer.producer(),
    },
    SECONDS_MS,
  );
  for (const [name, outcome] of Object.entries(outcomes)) expect(outcome, name).toBe("BUFFER_DESTROYED");
  expect(await outcomeOf(buffer.destroy(), "the destroy", SECONDS_MS)).toBe(undefined);
  expect(await next.counts()).toMatchObject({ produced: 1, ready: 1, sealed: false });
  expect(await (await next.consumer()).take()).toEqual({ done: false, value: "new" });
});

test("a run whose broker dies says what was lost, and ends with an exit code of its own", async () => {
  const before = brokersHere();
  const running = run({
    transport: zeromqTransport({ url: freshSocket(), broker: "process" }),
    create: { capacity: 5 },
    producers: { module: new URL("./support/endless-producer.mjs", import.meta.url), count: 2 },
    consumers: { module: new URL("./support/slow-consumer.mjs", import.meta.url), count: 2 },
  });
  const events: RunEvent[] = [];
  running.on("*", (event) => events.push(event));
  await until(() => events.filter(({ kind }) => kind === "consumed").length >= 5, "the run is at work");
  const [brokerPid = 0] = brokersHere().filter((pid) => !before.includes(pid));
  const killedAt = performance.now();
  process.kill(brokerPid, "SIGKILL");
  const report = await running.report;
  expect(performance.now() - killedAt).toBeLessThan(SECONDS_MS);
  expect(report).toMatchObject({ exitCode: 3, drained: false });
  // It was full when it died, or nearly.
  expect(report.lost).toBeGreaterThan(0);
  expect(report.lost).toBe(report.produced - report.consumed);
  expect(report.problems.join("\n")).toContain("does not answer");
});
