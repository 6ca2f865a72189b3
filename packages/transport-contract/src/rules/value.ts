/** VALUE: what is taken is what was put, byte for byte, and what cannot be read harms nobody. */

import {
  bytes,
  ENVELOPE_BYTES_MAX,
  isBufferError,
  structured,
  type UndecodableItemError,
} from "@sluice/core";
import { pollOne, type Stage, waiting } from "../kit/context.js";
import { describe, equal, fail, isTrue, rejects } from "../kit/expect.js";
import { leaseOne, put, takeAll } from "../kit/face.js";
import { type Rule, rule } from "../rule.js";

const NOT_JSON = Uint8Array.from([0x7b, 0x22, 0xff]);

export const valueRules: readonly Rule[] = [
  rule(
    "VALUE-1 returns bytes as they were: none, one, all 256 values, and exactly itemBytesMax",
    async (t) => {
      const itemBytesMax = 5000;
      const { buffer } = await t.stage({ capacity: 8, itemBytesMax }, bytes);
      const values = [
        new Uint8Array(0),
        Uint8Array.of(0),
        Uint8Array.of(255),
        Uint8Array.from({ length: 256 }, (_, i) => i),
        Uint8Array.from({ length: 4096 }, () => t.random.below(256)),
        new Uint8Array(itemBytesMax).fill(10),
      ];
      await put(await buffer.producer(), values);
      const taken = await takeAll(buffer, values.length, t);
      for (const [i, value] of values.entries()) {
        equal(new Uint8Array(taken[i] ?? []), value, `the value of ${value.byteLength} bytes`);
      }
    },
  ),

  rule("VALUE-2 refuses an item of one byte more than itemBytesMax, and enqueues nothing", async (t) => {
    const { buffer } = await t.stage({ capacity: 2, itemBytesMax: 100 }, bytes);
    const producer = await buffer.producer();
    await rejects(
      producer.put(new Uint8Array(101)),
      "ITEM_TOO_LARGE",
      "a put of 101 bytes where 100 are allowed",
    );
    await rejects(
      producer.putMany([new Uint8Array(101)]),
      "ITEM_TOO_LARGE",
      "a putMany of 101 bytes where 100 are allowed",
    );
    await producer.put(new Uint8Array(100));
    equal((await buffer.counts()).produced, 1, "the number of items produced");
  }),

  rule("VALUE-3 carries items of many sizes, also where they cross a page, a block or a frame", async (t) => {
    const itemBytesMax = 300_000;
    const { buffer } = await t.stage({ capacity: 4, itemBytesMax }, bytes);
    const producer = await buffer.producer();
    for (const size of [
      1, 63, 64, 65, 127, 128, 255, 256, 4083, 4095, 4096, 4097, 65_535, 65_536, 65_537, 300_000,
    ]) {
      const value = Uint8Array.from({ length: size }, (_, i) => (i * 31 + size) & 255);
      await t.soon(producer.put(value), `the put of ${size} bytes`);
      const [taken] = await takeAll(buffer, 1, t);
      isTrue(
        Buffer.from(taken ?? []).equals(value),
        `Expected ${size} bytes to come out as they were put in`,
      );
    }
  }),

  rule("VALUE-4 carries every JSON value, however odd", async (t) => {
    const { buffer } = await t.stage({ capacity: 1 });
    const producer = await buffer.producer();
    const values = [
      0,
      -0.5,
      1e300,
      "",
      "\u0000",
      "é😀‮",
      "a\nb\r\n",
      false,
      true,
      null,
      [],
      {},
      [[]],
      [null],
      "x".repeat(2000),
      { "": "", __proto__x: 1, nested: { deep: [1, { a: [] }] } },
      JSON.parse('{"__proto__":{"polluted":true}}') as unknown,
      "null",
      "{",
      Number.MAX_SAFE_INTEGER,
    ];
    for (const value of values) {
      await producer.put(value);
      const [taken] = await takeAll(buffer, 1, t);
      equal(JSON.stringify(taken), JSON.stringify(value), "a JSON value");
    }
    isTrue(!("polluted" in {}), "Expected no prototype to be changed by an item");
  }),

  rule("VALUE-5 rejects a value that cannot be encoded, before anything is put", async (t) => {
    const { buffer } = await t.stage({ capacity: 2 });
    const producer = await buffer.producer();
    const cycle: unknown[] = [];
    cycle.push(cycle);
    const hostile = {
      toJSON() {
        throw new Error("no");
      },
    };
    for (const value of [undefined, () => {}, Symbol("s"), 1n, cycle, hostile]) {
      await rejects(producer.put(value), "ITEM_UNENCODABLE", `a put of ${typeof value}`);
      await rejects(
        producer.putMany([1, value]),
        "ITEM_UNENCODABLE",
        `a putMany with ${typeof value} second`,
      );
    }
    equal((await buffer.counts()).produced, 0, "the number of items produced");
    await t.soon(producer.put("fine"), "a put afterwards");
  }),

  rule("VALUE-6 takes the value as it was when put was called, whatever becomes of it", async (t) => {
    const { buffer } = await t.stage({ capacity: 1 }, bytes);
    const producer = await buffer.producer();
    const now = Uint8Array.of(1, 2, 3);
    const first = producer.put(now);
    now.fill(99);
    await first;
    const later = Uint8Array.of(4, 5, 6);
    const waitingPut = producer.put(later);
    later.fill(99);
    await t.pause();
    const taken = await takeAll(buffer, 1, t);
    await t.soon(waitingPut, "the waiting put");
    later.fill(98);
    taken.push(...(await takeAll(buffer, 1, t)));
    equal(
      taken.map((value) => [...value]),
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      "what came out",
    );
  }),

  rule(
    "VALUE-7 redelivers the bytes as they were put, whatever their first holder did to them",
    async (t) => {
      const { buffer } = await t.stage({ capacity: 2, failuresMax: 2 }, bytes);
      await put(await buffer.producer(), [Uint8Array.of(1, 2, 3)]);
      const consumer = await buffer.consumer();
      for (let i = 0; i < 2; i++) {
        const lease = await leaseOne(consumer, t);
        equal([...lease.value], [1, 2, 3], `the value of delivery ${i + 1}`);
        lease.value.fill(99);
        await lease.nack({ reason: "again" });
      }
      const [letter] = await buffer.deadLetters().list();
      equal([...(letter?.item ?? [])], [1, 2, 3], "the value of the dead letter");
    },
  ),

  rule("VALUE-8 carries what structured clone can, with the structured codec", async (t) => {
    const { buffer } = await t.stage({ capacity: 2 }, structured);
    const value = {
      date: new Date(1234),
      map: new Map([["a", new Set([1n])]]),
      bytes: Uint8Array.of(1, 2),
      not: undefined,
    };
    await put(await buffer.producer(), [value]);
    equal((await takeAll(buffer, 1, t))[0], value as unknown, "a value of many kinds");
  }),

  rule(
    "VALUE-9 rejects a take of an item that cannot be decoded, with its bytes; the next take gets the next",
    async (t) => {
      const stage = await t.stage({ capacity: 5 });
      await putUndecodable(stage);
      await put(await stage.buffer.producer(), ["fine"]);
      const consumer = await stage.buffer.consumer();
      const error = await rejects(
        t.soon(consumer.take(), "the take"),
        "ITEM_UNDECODABLE",
        "the take of an undecodable item",
      );
      equal(new Uint8Array((error as UndecodableItemError).item), NOT_JSON, "the bytes in the error");
      equal((await stage.buffer.counts()).consumed, 1, "the number of items consumed");
      equal(
        await t.soon(consumer.take(), "the next take"),
        { done: false, value: "fine" },
        "what the next take got",
      );
    },
  ),

  rule(
    "VALUE-10 rejects a takeMany with an undecodable item among others, and hands the others over",
    async (t) => {
      const stage = await t.stage({ capacity: 5 });
      const producer = await stage.buffer.producer();
      await put(producer, ["a"]);
      await putUndecodable(stage);
      await put(producer, ["b"]);
      const consumer = await stage.buffer.consumer();
      const error = await rejects(t.soon(consumer.takeMany(5), "takeMany"), "ITEM_UNDECODABLE", "takeMany");
      equal((error as UndecodableItemError).values, ["a", "b"], "the other values, in the error");
      equal((await stage.buffer.counts()).consumed, 3, "the number of items consumed");
    },
  ),

  rule(
    "VALUE-11 buries an item that cannot be decoded under a lease, with its raw bytes, and goes on",
    async (t) => {
      const stage = await t.stage({ capacity: 5 });
      await putUndecodable(stage);
      await put(await stage.buffer.producer(), ["fine"]);
      const lease = await leaseOne(await stage.buffer.consumer(), t);
      equal(lease.value, "fine", "what the lease got");
      await lease.ack();
      const { dead, consumed } = await stage.buffer.counts();
      equal({ dead, consumed }, { dead: 1, consumed: 1 }, "the counts");
      const port = await stage.port();
      const [letter] = await port.deadLetters.list(1);
      equal(new Uint8Array(letter?.item ?? []), NOT_JSON, "the raw bytes of the dead letter");
    },
  ),

  rule("VALUE-12 keeps the bytes it handed out: later traffic does not change them", async (t) => {
    const { port } = await t.bare({ capacity: 2 });
    const producer = await port.producer();
    const consumer = await port.consumer();
    const kept: Uint8Array[] = [];
    for (let n = 1; n <= 30; n++) {
      const offered = await producer.offer(n, [new Uint8Array(64).fill(n)], waiting(0));
      equal(offered.accepted, 1, "the number accepted");
      const { deliveries } = await consumer.poll(1, waiting(0));
      kept.push(deliveries[0]?.item ?? fail("Expected an item"));
    }
    for (const [i, item] of kept.entries()) {
      isTrue(
        item.every((byte) => byte === i + 1),
        `Expected item ${i + 1} to keep its bytes, got ${item.subarray(0, 8)}`,
      );
    }
  }),

  rule(
    "VALUE-13 keeps what travels beside an item with it: redelivered, dead, put back, and never with another",
    async (t) => {
      const { buffer } = await t.stage({ capacity: 4 });
      const producer = await buffer.producer({ stampPutTime: true });
      const plain = await buffer.producer();
      const headers: Record<string, string> = { trace: "1", "": "é", long: "x".repeat(900) };
      await producer.put("a", { headers });
      await plain.put("b");
      const consumer = await buffer.consumer();
      const first = await leaseOne(consumer, t);
      const { putTime } = first;
      isTrue(typeof putTime === "number", `Expected the put time of a stamped item, got ${putTime}`);
      await first.release();
      const again = await leaseOne(consumer, t);
      equal({ ...again.headers }, headers, "the headers of the second delivery");
      equal(again.putTime, putTime, "the put time of the second delivery");
      await again.bury("enough");
      const [letter] = await buffer.deadLetters().list();
      equal({ ...letter?.headers }, headers, "the headers of the dead letter");
      equal(letter?.putTime, putTime, "the put time of the dead letter");
      equal(await buffer.deadLetters().requeue(letter?.sequence ?? 0), "requeued", "the answer to a requeue");
      const other = await leaseOne(consumer, t);
      equal([other.value, { ...other.headers }, other.putTime], ["b", {}, undefined], "the item without any");
      const back = await leaseOne(consumer, t);
      equal(
        [back.value, { ...back.headers }, back.putTime],
        ["a", headers, putTime],
        "the item that was put back",
      );
    },
  ),

  rule("VALUE-14 carries envelopes of 1 byte to the most, beside items of any size", async (t) => {
    const { port } = await t.bare({ capacity: 8, itemBytesMax: 5000 });
    const producer = await port.producer();
    const consumer = await port.consumer();
    const fill = (length: number) => Uint8Array.from({ length }, () => t.random.below(256));
    const sizes = [0, 1, 60, 64, 65, 2000, 5000, 7];
    const items = sizes.map(fill);
    const envelopes = [1, 1, 4, 9, undefined, 100, ENVELOPE_BYTES_MAX, ENVELOPE_BYTES_MAX].map(
      (length) => length && fill(length),
    );
    const offered = await producer.offer(1, items, waiting(1000), envelopes as (Uint8Array | undefined)[]);
    equal(offered.accepted, items.length, "the number of items accepted");
    const wasLeased = await pollOne(consumer, { leaseMs: t.timing.leaseMs * 100 });
    await consumer.settle([{ kind: "release", token: wasLeased.token ?? 0 }]);
    for (const [i, item] of items.entries()) {
      const delivery = await pollOne(consumer);
      equal(new Uint8Array(delivery.item), item, `the item of ${item.byteLength} bytes`);
      const { envelope } = delivery;
      equal(envelope && new Uint8Array(envelope), envelopes[i] as Uint8Array | undefined, `envelope ${i}`);
    }
  }),
];

async function putUndecodable(stage: Pick<Stage<unknown>, "port">): Promise<void> {
  const port = await stage.port();
  try {
    const producer = await port.producer();
    const offered = await producer.offer(1, [NOT_JSON], waiting(0));
    equal(offered.accepted, 1, "the number of undecodable items accepted");
  } catch (error) {
    if (isBufferError(error)) fail(`Expected room for an undecodable item, got ${describe(error)}`);
    throw error;
  } finally {
    await port.close();
  }
}
