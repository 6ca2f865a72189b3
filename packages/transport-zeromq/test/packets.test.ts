// What is asked or handed out together goes into several packets where it is too much for one: ZeroMQ ends a connection that
// sends a longer one.

import { expect, test } from "vitest";
import { connectTo } from "../dist/open-port.js";
import { placeOf } from "../dist/place.js";
import { decodeDeadLetters, encodeListDead } from "../dist/protocol.js";
import { madeBuffer } from "./support/buffers.js";

const KIB = 1024;
/** Of a packet, but for what stands around the items. */
const PACKET_BYTES = 256 * KIB;
const HAND_OUT_BYTES = 4 * 1024 * KIB;
const large = (n: number) => ({ n, padding: "x".repeat(60 * KIB) });

test("many producers of one handle put large items in one turn", async () => {
  const { buffer } = await madeBuffer({ capacity: 20 });
  const producers = await Promise.all(Array.from({ length: 20 }, () => buffer.producer()));
  await Promise.all(producers.map((producer, n) => producer.put(large(n))));
  expect(await buffer.counts()).toMatchObject({ produced: 20, ready: 20 });
});

test("a batch of small items with large headers", async () => {
  const { buffer } = await madeBuffer({ capacity: 1_000 });
  const producer = await buffer.producer();
  const headers = Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`h${n}`, "x".repeat(90)]));
  const items = Array.from({ length: 1_000 }, (_, n) => n);
  expect(await producer.putMany(items, { headers })).toBe(1_000);
});

test("many leases are given back in one turn, with long reasons", async () => {
  const { buffer } = await madeBuffer({ capacity: 1_000 });
  const [producer, consumer] = [await buffer.producer(), await buffer.consumer()];
  await producer.putMany(Array.from({ length: 1_000 }, (_, n) => n));
  const leases = await consumer.leaseMany(1_000);
  await Promise.all(leases.map((lease) => lease.nack({ reason: "字".repeat(512) })));
  expect(await buffer.counts()).toMatchObject({ ready: 1_000, leased: 0 });
});

test.each(["takeMany", "leaseMany"] as const)(
  "%s of many large items hands out no more than 4 MiB, and the rest to whoever asks next",
  async (how) => {
    const { buffer } = await madeBuffer({ capacity: 100 });
    const [producer, consumer] = [await buffer.producer(), await buffer.consumer()];
    const items = Array.from({ length: 100 }, (_, n) => large(n));
    await producer.putMany(items);
    const numbers: unknown[] = [];
    while (numbers.length < items.length) {
      const taken =
        how === "takeMany"
          ? await consumer.takeMany(100)
          : (await consumer.leaseMany(100)).map((lease) => lease.value);
      expect(taken.length).toBeGreaterThan(1);
      expect(JSON.stringify(taken).length).toBeLessThanOrEqual(HAND_OUT_BYTES);
      numbers.push(...taken.map((item) => (item as { readonly n: number }).n));
    }
    expect(numbers).toEqual(items.map(({ n }) => n));
  },
);

test("a list of many large dead letters comes in several answers", async () => {
  const { buffer, url } = await madeBuffer({ capacity: 20 });
  const [producer, consumer] = [await buffer.producer(), await buffer.consumer()];
  await producer.putMany(Array.from({ length: 20 }, (_, n) => large(n)));
  for (let left = 20; left > 0; ) {
    const leases = await consumer.leaseMany(left);
    await Promise.all(leases.map((lease) => lease.bury("no")));
    left -= leases.length;
  }
  const listed = await buffer.deadLetters().list({ max: 20 });
  expect(listed.map((letter) => (letter.decode() as { readonly n: number }).n)).toEqual(
    Array.from({ length: 20 }, (_, n) => n),
  );
  const { connection } = await connectTo(placeOf(url), "", undefined);
  const answer = await connection.ask((id) => encodeListDead(id, 20, 0), decodeDeadLetters);
  expect(answer.hasMore).toBe(true);
  const bytes = answer.letters.reduce((sum, { item }) => sum + item.byteLength, 0);
  expect(bytes).toBeLessThanOrEqual(PACKET_BYTES);
  await connection.close();
});

test("an item that is longer than that goes alone", async () => {
  const { buffer } = await madeBuffer({ capacity: 3, itemBytesMax: 5 * 1024 * KIB });
  const [producer, consumer] = [await buffer.producer(), await buffer.consumer()];
  const items = ["small", "x".repeat(5_000 * KIB), "small"];
  await producer.putMany(items);
  for (const item of items) expect(await consumer.takeMany(3)).toEqual([item]);
});
