// A broker that stands still: for a moment nobody notices, for longer everybody is told, and when it goes on, so do they.

import { outcomeOf, outcomesOf, unlessPaused, until } from "@sluice/test-support";
import { expect, test } from "vitest";
import { type MadeBuffer, madeBuffer } from "./support/buffers.js";

const MOMENT_MS = 1_500;
/** After 3 s of silence a call fails; core then tries a put of unknown outcome again, for 5 s. Several times that is as good as never. */
const SECONDS_MS = 40_000;
const TYPED = ["TRANSPORT_UNAVAILABLE", "OUTCOME_UNKNOWN"];

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function stop({ brokerPid }: MadeBuffer): void {
  expect(brokerPid).not.toBe(process.pid);
  process.kill(brokerPid, "SIGSTOP");
}

function goOn({ brokerPid }: MadeBuffer): void {
  process.kill(brokerPid, "SIGCONT");
}

test.each(["ipc", "tcp"] as const)(
  "for 1.5 s, over %s: all calls go on, nothing is lost or twice",
  async (over) => {
    const made = await madeBuffer({ over, broker: "process", capacity: 2 });
    const { buffer } = made;
    const producer = await buffer.producer();
    const [plain, leasing] = [await buffer.consumer(), await buffer.consumer()];
    await producer.putMany([1, 2]);
    const waiting = producer.put(3);
    const held = await leasing.lease();
    if (held.done) throw new Error("Expected a lease");
    stop(made);
    const during = [
      waiting,
      producer.put(4),
      plain.takeMany(1),
      held.value.ack(),
      buffer.counts(),
      leasing.lease(),
    ] as const;
    await pause(MOMENT_MS);
    goOn(made);
    const [, , taken, , , lease] = await Promise.all(during);
    if (lease.done) throw new Error("Expected a lease");
    await lease.value.ack();
    const left = await plain.takeMany(2);
    expect([held.value.value, ...taken, lease.value.value, ...left]).toEqual([1, 2, 3, 4]);
    expect(await buffer.counts()).toMatchObject({ produced: 4, consumed: 4, ready: 0, leased: 0, peak: 2 });
  },
);

test("for longer: each call fails with its type within seconds, and the same handles work again", async () => {
  const made = await madeBuffer({ broker: "process", capacity: 2 });
  const { buffer } = made;
  const producer = await buffer.producer();
  const [first, second] = [await buffer.consumer(), await buffer.consumer()];
  await producer.putMany(["a", "b"]);
  const held = await first.lease();
  if (held.done) throw new Error("Expected a lease");
  stop(made);
  const outcomes = await outcomesOf(
    {
      put: producer.put("c"),
      tryTake: second.tryTake(),
      ack: held.value.ack(),
      counts: buffer.counts(),
      seal: buffer.seal(),
      producer: buffer.producer(),
    },
    SECONDS_MS,
  );
  for (const [name, outcome] of Object.entries(outcomes)) expect(TYPED, name).toContain(outcome);
  goOn(made);
  await until(
    async () => (await outcomeOf(buffer.counts(), "the counts", SECONDS_MS)) instanceof Object,
    "the handle works again",
  );
  // What nobody could tell is now told: the seal that was under way may or may not have been carried out.
  const { sealed, produced, consumed, ready, leased } = await buffer.counts();
  expect(produced).toBe(consumed + ready + leased);
  if (!sealed) await buffer.seal();
  const left: unknown[] = [];
  for (let one = await second.take(); !one.done; one = await second.take()) left.push(one.value);
  expect(new Set(left).size).toBe(left.length);
  expect(left.length).toBe(ready + leased);
});

test("what is asked after others were given up is waited for a second by itself", async () => {
  const made = await madeBuffer({ broker: "process", capacity: 2 });
  const { buffer } = made;
  await unlessPaused(300, async () => {
    stop(made);
    await expect(buffer.counts()).rejects.toMatchObject({ code: "TRANSPORT_UNAVAILABLE" });
    // Shortly before the next look at how long the silence lasts.
    await pause(850);
    const counts = buffer.counts();
    counts.catch(() => {});
    await pause(350);
    goOn(made);
    expect(await counts).toMatchObject({ ready: 0 });
  });
});

test.each(["wait in line", "find an item"] as const)(
  "takes and leases that would %s, and were given up while it stood still, take nothing when it goes on",
  async (would) => {
    const brokers = [
      await madeBuffer({ broker: "process", capacity: 2 }),
      await madeBuffer({ broker: "process", capacity: 2 }),
    ];
    await Promise.all(brokers.map((made, n) => expectNothingTaken(made, n === 0 ? "take" : "lease", would)));
  },
);

async function expectNothingTaken(
  made: MadeBuffer,
  how: "take" | "lease",
  would: "wait in line" | "find an item",
): Promise<void> {
  const { buffer } = made;
  const producer = await buffer.producer();
  const consumer = await buffer.consumer();
  let call: Promise<unknown>;
  if (would === "find an item") {
    await producer.putMany(["a", "b"]);
    stop(made);
    call = consumer[how]();
  } else {
    call = consumer[how]();
    call.catch(() => {});
    await until(async () => (await buffer.counts()).waitingConsumers === 1, "it waits");
    stop(made);
  }
  expect(await outcomeOf(call, `the ${how}`, SECONDS_MS)).toBe("TRANSPORT_UNAVAILABLE");
  goOn(made);
  const other = await buffer.consumer();
  if (would === "wait in line") await producer.putMany(["a", "b"]);
  const taken: unknown[] = [];
  await until(async () => {
    const one = await other.tryTake();
    if (one !== "empty" && !one.done) taken.push(one.value);
    return taken.length === 2;
  }, "both items can be taken");
  expect(taken).toEqual(["a", "b"]);
}
