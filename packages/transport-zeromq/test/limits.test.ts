// What a broker bears of its clients: one more is refused with a reason, and whoever is gone leaves room.

import { openBuffer, type Producer } from "@sluice/core";
import { outcomeOf, until } from "@sluice/test-support";
import { expect, test } from "vitest";
import { Dealer } from "zeromq";
import { zeromqTransport } from "../dist/index.js";
import { clientPacket, encodeOpen } from "../dist/protocol.js";
import { Actor } from "./support/actor.js";
import { hasRoom, madeBuffer } from "./support/buffers.js";

/** That a buffer remembers. */
const PRODUCERS_MAX = 10_000;
/** A part of that. */
const AT_ONCE = 500;

test.each<[string, unknown, string]>([
  ["0", { clients: 0 }, "`limits.clients` to be an integer from 1 to 2147483647, got 0"],
  ["-1", { requests: -1 }, "`limits.requests` to be an integer from 1 to 2147483647, got -1"],
  ["a word", { clients: "abc" }, 'got "abc"'],
  ["a fraction", { clients: 2.5 }, "got 2.5"],
  ["NaN", { clients: Number.NaN }, "got NaN"],
  ["Infinity", { clients: Number.POSITIVE_INFINITY }, "got Infinity"],
  ["null", { clients: null }, "got null"],
  ["no object", 5, "`limits` to be an object, got 5"],
  ["nothing", null, "`limits` to be an object, got null"],
  ["a word for all", "x", "`limits` to be an object"],
  ["a name that nobody knows", { client: 5 }, 'an option in `limits` to be `clients`, got "client"'],
])("limits are checked before anything is started: %s", (_what, limits, says) => {
  const make = () => zeromqTransport({ url: "ipc:///somewhere", limits: limits as never });
  expect(make).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  expect(make).toThrow(says);
});

test("limits that are left out, or undefined, are the default ones", () => {
  for (const limits of [undefined, {}, { clients: undefined }])
    zeromqTransport({ url: "ipc:///somewhere", limits: limits as never });
});

test("one client too many is refused; a dead one's place is a newcomer's", async () => {
  const { url } = await madeBuffer({ over: "ipc", capacity: 1, limits: { clients: 2 } });
  const second = await Actor.at(url);
  const third = openBuffer(zeromqTransport({ url }));
  await expect(third).rejects.toMatchObject({ code: "TOO_MANY_WAITERS", effect: "none" });
  await expect(third).rejects.toThrow(
    `${url} has no room for this client: More than 2 clients (\`limits.clients\`)`,
  );
  await second.kill();
  await until(() => hasRoom(url), "the place of the dead one is free");
});

test("whoever has said goodbye leaves room at once", async () => {
  const { url } = await madeBuffer({ over: "ipc", capacity: 1, limits: { clients: 2 } });
  for (let n = 0; n < 5; n++) expect(await hasRoom(url)).toBe(true);
});

test("one request too many is refused; the others go on", async () => {
  const { buffer } = await madeBuffer({ over: "ipc", capacity: 5, limits: { requests: 3 } });
  const consumers = [];
  for (let n = 0; n < 4; n++) consumers.push(await buffer.consumer());
  const producer = await buffer.producer();
  const takes = consumers.map((consumer) => consumer.take());
  await expect(takes[3]).rejects.toMatchObject({ code: "TOO_MANY_WAITERS", effect: "none" });
  const other = await openBuffer(zeromqTransport({ url: (buffer.address.place as { url: string }).url }));
  await (await other.producer()).putMany([1, 2, 3]);
  const taken = await Promise.all(takes.slice(0, 3));
  expect(taken.map((one) => !one.done && one.value)).toEqual([1, 2, 3]);
  await producer.put(4);
  await other.close();
});

test("what was answered while another call waits does not count: a waiting take does not use the limit up", async () => {
  const { buffer } = await madeBuffer({ over: "ipc", capacity: 100, limits: { requests: 20 } });
  const drained = buffer.drained();
  drained.catch(() => {});
  const producer = await buffer.producer();
  for (let n = 0; n < 100; n++) await producer.put(n);
  const consumer = await buffer.consumer();
  for (let n = 0; n < 100; n++) expect(await consumer.take()).toEqual({ done: false, value: n });
  await buffer.seal();
  await drained;
});

test("one producer too many is refused; the others go on, and their ids come back", async () => {
  const { buffer } = await madeBuffer({ over: "ipc", capacity: 5 });
  const named = (n: number) => buffer.producer({ id: `producer-${n}` });
  const producers: Producer<unknown>[] = [];
  // Not all in one packet: while it works through it the broker says nothing, which on a slow machine is taken for its death.
  for (let from = 0; from < PRODUCERS_MAX; from += AT_ONCE)
    producers.push(...(await Promise.all(Array.from({ length: AT_ONCE }, (_, n) => named(from + n)))));
  const full = { code: "STORAGE_FULL", effect: "none" };
  await expect(named(PRODUCERS_MAX)).rejects.toMatchObject(full);
  await expect(buffer.producer()).rejects.toMatchObject(full);
  await producers[0]?.put("one");
  expect((await named(0)).lastSequence).toBe(1);
});

test("one connection is one client: it cannot use up the places of others", async () => {
  const { url } = await madeBuffer({ over: "ipc", capacity: 1, limits: { clients: 3 } });
  const dealer = new Dealer({ linger: 0 });
  dealer.connect(url);
  for (let n = 1; n <= 10; n++) await dealer.send(clientPacket(Buffer.alloc(16, n), 0, [encodeOpen(1, "")]));
  await until(
    async () => (await outcomeOf(dealer.receive(), "an answer", 60_000)) !== undefined,
    "it is answered",
  );
  dealer.close();
  await until(() => hasRoom(url), "a place is free");
  const first = await openBuffer(zeromqTransport({ url }));
  await until(() => hasRoom(url), "both places are free");
  await first.close();
});
