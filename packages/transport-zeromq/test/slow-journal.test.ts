// A store that takes its time over each commit: what waits for it is bounded, and a broker ends after its last commit.

import { bytes, openBuffer } from "@sluice/core";
import { until } from "@sluice/test-support";
import { expect, test } from "vitest";
import { zeromqTransport } from "../dist/index.js";
import { slowBroker } from "./support/slow-broker.js";

const MIB = 1024 * 1024;
/** Of requests that wait for their turn, over all clients. */
const WAITING_BYTES_MAX = 256 * MIB;

test("what waits behind a slow commit is refused beyond its bytes, and the rest is done", async () => {
  const item = new Uint8Array(16 * MIB);
  const count = WAITING_BYTES_MAX / item.byteLength + 8;
  const settings = { capacity: count, itemBytesMax: item.byteLength, codec: bytes };
  const { broker, begun, goOn } = await slowBroker(settings);
  const buffer = await openBuffer(zeromqTransport({ url: broker.url }), settings);
  const producers = await Promise.all(Array.from({ length: count }, () => buffer.producer()));
  const puts = producers.map((producer) => producer.put(item));
  await begun;
  const refused = await Promise.race(
    puts.map((put) =>
      put.then(
        () => undefined,
        (error) => error,
      ),
    ),
  );
  expect(refused).toMatchObject({ code: "TOO_MANY_WAITERS", effect: "none" });
  goOn();
  const outcomes = await Promise.allSettled(puts);
  const accepted = outcomes.filter(({ status }) => status === "fulfilled").length;
  expect(accepted).toBeGreaterThan(1);
  expect((await buffer.counts()).produced).toBe(accepted);
  await buffer.close();
});

test("a broker that ends while a commit is under way gives its place up after it", async () => {
  const { broker, begun, hasEnded, goOn } = await slowBroker({ capacity: 5 });
  const transport = zeromqTransport({ url: broker.url });
  const buffer = await openBuffer(transport, { codec: bytes });
  const put = (await buffer.producer()).tryPut(new Uint8Array(1));
  put.catch(() => {});
  await begun;
  const ending = broker.end();
  await until(
    async () => (await codeOf(openBuffer(transport))) === "BUFFER_NOT_FOUND",
    "its clients find it gone",
  );
  expect(hasEnded()).toBe(false);
  goOn();
  await ending;
  expect(hasEnded()).toBe(true);
  expect(await codeOf(put)).toBe("OUTCOME_UNKNOWN");
  await buffer.close();
});

test("a broker that ends while its buffer is being destroyed has nobody to tell, and does both", async () => {
  const { broker } = await slowBroker({ capacity: 5 });
  const discarded = broker.discard();
  await broker.end();
  expect(await discarded).toBe(0);
});

test("a nacked item comes back to whoever waits, also where the disk makes its delay longer", async () => {
  const { broker, goOn } = await slowBroker({ capacity: 5 });
  goOn();
  const buffer = await openBuffer(zeromqTransport({ url: broker.url }), { codec: bytes });
  await (await buffer.producer()).put(new Uint8Array(1));
  const consumer = await buffer.consumer();
  const { value } = await consumer.lease();
  await value?.nack({ reason: "later", delayMs: 100 });
  const again = await consumer.lease();
  expect(again.value?.failures).toBe(1);
  await buffer.close();
});

const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => undefined,
    (error: { readonly code?: string }) => error.code,
  );
