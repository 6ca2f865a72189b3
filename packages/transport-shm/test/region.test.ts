// What lies in the region: items of any size without fragmentation, counters that wrap, and words that somebody wrote over.

import { statSync } from "node:fs";
import { join } from "node:path";
import { type BufferPort, isBufferError } from "@sluice/core";
import { describe, expect, test } from "vitest";
import { geometryOf, Producer, producerWord, Slot, slotWord, Word } from "../dist/region-layout.js";
import { Actor } from "./support/actor.js";
import { Folder, noWait, now, spec } from "./support/ports.js";

/** A generator of numbers in [0, 1) that repeats. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function item(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + seed) & 0xff;
  return bytes;
}

describe("items of any size", () => {
  test("come out as they went in, and never find the buffer full before it is", {
    timeout: 240_000,
  }, async () => {
    const seed = Number(process.env["SLUICE_SEED"] ?? 20261124);
    const random = randomFrom(seed);
    using folder = new Folder();
    const settings = { capacity: 7, itemBytesMax: 20_000, bufferBytesMax: 50_000, deadLettersMax: 3 };
    const port = await folder.create(settings);
    const producer = await port.producer();
    const consumer = await port.consumer();
    const inside: Buffer[] = [];
    let sequence = 0;
    const bytes = () => inside.reduce((sum, one) => sum + one.length, 0);
    for (let step = 0; step < 20_000; step++) {
      const told = `step ${step} of SLUICE_SEED=${seed}`;
      if (random() < 0.55) {
        // Many small ones, some at the limits of a slot and of its chunks, some as large as can be.
        const kind = random();
        const length = Math.floor(
          kind < 0.4 ? random() * 100 : kind < 0.7 ? 2000 + random() * 300 : random() * 20_001,
        );
        const one = item(length, step);
        const offered = now(producer.offer(sequence + 1, [one], noWait));
        const fits = inside.length < settings.capacity && bytes() + length <= settings.bufferBytesMax;
        expect(offered.accepted, told).toBe(fits ? 1 : 0);
        if (fits) inside.push(one);
        sequence += offered.accepted;
      } else {
        const { deliveries } = now(consumer.poll(1 + Math.floor(random() * 3), noWait));
        for (const delivery of deliveries) {
          const expected = inside.shift() as Buffer;
          expect(Buffer.compare(Buffer.from(delivery.item), expected), told).toBe(0);
        }
      }
    }
    await port.destroy();
  });

  test("take the room of dead letters besides, however large these are", async () => {
    using folder = new Folder();
    const settings = { capacity: 2, itemBytesMax: 10_000, bufferBytesMax: 22_048, deadLettersMax: 3 };
    const port = await folder.create(settings);
    const producer = await port.producer();
    const consumer = await port.consumer();
    for (let i = 1; i <= 5; i++) {
      expect(now(producer.offer(i, [item(10_000, i)], noWait)).accepted).toBe(1);
      if (i > 3) continue;
      const [delivery] = now(consumer.poll(1, noWait, { leaseMs: 60_000 })).deliveries;
      now(consumer.settle([{ kind: "bury", token: delivery?.token ?? 0, reason: "bad" }]));
    }
    const counts = now(port.counts());
    expect([counts.ready, counts.dead]).toEqual([2, 3]);
    const letters = await port.deadLetters.list(10);
    expect(letters.map((one) => Buffer.compare(Buffer.from(one.item), item(10_000, one.sequence)))).toEqual([
      0, 0, 0,
    ]);
    const { deliveries } = now(consumer.poll(2, noWait));
    expect(
      deliveries.map((one) => Buffer.compare(Buffer.from(one.item), item(10_000, one.sequence))),
    ).toEqual([0, 0]);
    await port.destroy();
  });

  test("stay with who has them, although another hands over the memory of his", async () => {
    using folder = new Folder();
    const port = await folder.create();
    await (await port.producer()).offer(1, [Buffer.from("one"), Buffer.from("two")], noWait);
    const [one, two] = now((await port.consumer()).poll(2, noWait)).deliveries;
    const memory = one?.item.buffer as ArrayBuffer;
    // Refused, or copied: that depends on the version of Node.
    await new Promise<void>((resolve) => {
      const { port1, port2 } = new MessageChannel();
      try {
        port1.postMessage(one?.item, [memory]);
      } catch {}
      port1.close();
      port2.close();
      resolve();
    });
    expect(Buffer.from(two?.item ?? []).toString()).toBe("two");
    await port.destroy();
  });

  test("need a region in proportion to `bufferBytesMax`, not to the largest item", () => {
    const bytes = (settings: object) =>
      geometryOf(spec({ capacity: 10_000, deadLettersMax: 0, ...settings })).regionBytes;
    expect(bytes({ bufferBytesMax: 1_000_000 })).toBeLessThan(10_000_000);
    expect(bytes({})).toBeGreaterThan(10_000 * 65_536);
  });

  test("lie in a region that is as large as its settings say", async () => {
    using folder = new Folder();
    const port = await folder.create({ capacity: 3, itemBytesMax: 1000 });
    expect(statSync(join(folder.root, "region")).size).toBe(geometryOf(port.spec).regionBytes);
    await port.destroy();
  });
});

test("counters go on beyond 32 bits", async () => {
  using folder = new Folder();
  const port = await folder.create({ capacity: 8, deadLettersMax: 8, itemBytesMax: 100 });
  const { regionBytes } = geometryOf(port.spec);
  const words = await folder.words(regionBytes);
  // As it would be after 2^32 - 16 items: 16 slots, so the rings stand as they do now.
  for (const word of [Word.produced, Word.pk, Word.removed, Word.head, Word.consumed, Word.lastLease])
    words[word] = -16;
  const producer = await port.producer("named");
  words[producerWord(geometryOf(port.spec), 0) + Producer.last] = -16;
  const consumer = await port.consumer();
  const first = 2 ** 32 - 16 + 1;
  const seen: number[] = [];
  for (let i = 0; i < 40; i += 4) {
    const items = Array.from({ length: 4 }, (_, j) => Buffer.from(String(first + i + j)));
    expect(now(producer.offer(first + i, items, noWait)).accepted).toBe(4);
    const plain = now(consumer.poll(2, noWait)).deliveries;
    const leased = now(consumer.poll(2, noWait, { leaseMs: 60_000 })).deliveries;
    const acks = leased.map(({ token }) => ({ kind: "ack", token: token ?? 0 }) as const);
    expect(now(consumer.settle(acks))).toEqual(["settled", "settled"]);
    for (const one of [...plain, ...leased]) {
      expect(Number(Buffer.from(one.item).toString())).toBe(one.sequence);
      seen.push(one.sequence);
    }
  }
  expect(seen).toEqual(Array.from({ length: 40 }, (_, i) => first + i));
  const counts = now(port.counts());
  expect([counts.produced, counts.consumed]).toEqual([2 ** 32 + 24, 2 ** 32 + 24]);
  expect((await port.producer("named")).lastSequence).toBe(2 ** 32 + 24);
  await port.destroy();
});

describe("words that somebody wrote over", () => {
  // In another process: whatever it reads, it must not crash, hang or hand out what is not there.
  test("end calls in errors with a code, never in a crash", { timeout: 240_000 }, async () => {
    const seed = Number(process.env["SLUICE_SEED"] ?? 7);
    const random = randomFrom(seed);
    for (let round = 0; round < 40; round++) {
      using folder = new Folder();
      const port = await folder.create({ capacity: 5, itemBytesMax: 5000, failuresMax: 2 }, 20);
      const producer = await port.producer();
      await producer.offer(1, [item(10, 1), item(4000, 2), item(3, 3)], noWait);
      const geometry = geometryOf(port.spec);
      const words = await folder.words(geometry.regionBytes);
      using actor = await Actor.on(port.address);
      await actor.call("lease", 60_000);
      scribble(words, geometry, random);
      for (const [call, ...args] of [
        ["put", "x"],
        ["take"],
        ["lease", 1000],
        ["take"],
        ["requeue", 1],
        ["counts"],
        ["seal", true],
        ["close"],
      ] as const) {
        const answer = actor.call(call, ...args).catch((error) => error);
        const exit = actor.exit.then(() => "exit");
        const came = await Promise.race([answer, exit]);
        expect(came, `round ${round} of SLUICE_SEED=${seed}, ${call}`).not.toBe("exit");
        if (came instanceof Error)
          expect((came as { code?: string }).code, `${call}: ${came.message}`).toBeDefined();
      }
      await dispose(port);
    }
  });
});

describe("a word that leads somewhere else", () => {
  const cases: [string, [number, number][]][] = [
    ["the highest place", [[Word.placesUsed, 65_535]]],
    ["a list without end", [[Word.returnedFirst, 1]]],
    ["more that came back than there can be", [[Word.returned, 2 ** 31 - 1]]],
  ];
  test.each(cases)("%s: no crash and no hang", async (_, changes) => {
    using folder = new Folder();
    const port = await folder.create({ capacity: 5, itemBytesMax: 5000 }, 20);
    await (await port.producer()).offer(1, [item(10, 1), item(4000, 2), item(3, 3)], noWait);
    const words = await folder.words(geometryOf(port.spec).regionBytes);
    using actor = await Actor.on(port.address);
    const { token } = await actor.call<{ token: number }>("lease", 60_000);
    for (const [word, value] of changes) words[word] = value;
    for (const [call, ...args] of [
      ["put", "x"],
      ["settle", { kind: "nack", token, reason: "no", delayMs: 0 }],
      ["take"],
      ["counts"],
      ["seal", true],
      ["counts"],
    ] as const) {
      const answer = actor.call(call, ...args).then(
        () => "answered",
        (error) => (error.code === undefined ? error.message : "told"),
      );
      const exit = actor.exit.then(() => "exit");
      const hang = new Promise((resolve) => setTimeout(resolve, 60_000, "hang"));
      expect(await Promise.race([answer, exit, hang]), call).toMatch(/^(answered|told)$/);
    }
    await dispose(port);
  });

  test.each([2 ** 30, Word.valid - 2000, -1])("a redo list of the dead with the word %i", async (word) => {
    using folder = new Folder();
    const port = await folder.create();
    await (await port.producer()).offer(1, [item(10, 1)], noWait);
    const victim = await Actor.on(port.address);
    await victim.dieAt("shm.after-take-commit", "take");
    const words = await folder.words(geometryOf(port.spec).regionBytes);
    words[Word.consumerRedo + 1 + 2 * ((words[Word.consumerRedo] as number) - 1)] = word;
    await expect(async () => port.counts()).rejects.toThrow(
      expect.objectContaining({ code: "DATA_CORRUPT" }),
    );
    await dispose(port);
  });
});

function scribble(words: Int32Array, geometry: ReturnType<typeof geometryOf>, random: () => number): void {
  const any = (from: number, count: number) => from + Math.floor(random() * count);
  const value = () => {
    const kind = random();
    if (kind < 0.3) return Math.floor(random() * 20) - 5;
    return Math.floor(random() * 2 ** 32) | 0;
  };
  for (let i = 0; i < 12; i++) {
    const kind = random();
    if (kind < 0.4) words[any(Word.produced, Word.consumerRedo - Word.produced)] = value();
    else if (kind < 0.6) words[any(slotWord(geometry, 0), geometry.slots * 16)] = value();
    else if (kind < 0.8) words[any(geometry.freeRing, 16)] = value();
    else if (kind < 0.9) words[any(geometry.links, geometry.chunks)] = value();
    else words[any(geometry.readyRing, 8)] = value();
  }
  // A lock that names nobody, or a participant that is not there.
  if (random() < 0.3) words[Word.consumersLock] = value();
  if (random() < 0.3) words[slotWord(geometry, any(0, geometry.slots)) + Slot.length] = value();
  if (random() < 0.3) words[slotWord(geometry, any(0, geometry.slots)) + Slot.envelopeBytes] = value();
  words[Word.destroyed] = 0;
}

async function dispose(port: BufferPort): Promise<void> {
  try {
    await port.destroy();
  } catch (error) {
    if (!isBufferError(error)) throw error;
  }
}

test("an item that another thread lets grow while it is put is refused, and nothing of its offer is put", async () => {
  using folder = new Folder();
  const port = await folder.create({ capacity: 4, itemBytesMax: 5000 }, 20);
  const producer = await port.producer();
  const consumer = await port.consumer();
  const growing = item(10, 1);
  // What a view of a growable shared buffer does, in between two looks at it.
  let length = 9;
  Object.defineProperty(growing, "byteLength", { get: () => ++length });
  expect(() => producer.offer(1, [item(3, 0), growing], noWait)).toThrow(
    /one length while it is put, got "?\d+ bytes/,
  );
  expect(now(port.counts()).produced).toBe(0);
  expect(now(producer.offer(1, [item(5000, 2)], noWait)).accepted).toBe(1);
  const { deliveries } = now(consumer.poll(4, noWait));
  expect(deliveries.map((one) => Buffer.from(one.item))).toEqual([item(5000, 2)]);
  await port.destroy();
});

test("leases that ran out are lost and the current ones settle, however many there have been", async () => {
  using folder = new Folder();
  const port = await folder.create({ capacity: 2, failuresMax: 1_000_000 });
  const producer = await port.producer();
  now(producer.offer(1, [item(1, 1), item(1, 2)], noWait));
  const consumer = await port.consumer();
  const tokens: number[] = [];
  while (tokens.length < 60) {
    for (const { token } of now(consumer.poll(2, noWait, { leaseMs: 1 })).deliveries)
      tokens.push(token as number);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const late = now(consumer.settle(tokens.slice(0, -2).map((token) => ({ kind: "ack", token }) as const)));
  expect(new Set(late)).toEqual(new Set(["lost"]));
  const current = now(consumer.poll(2, noWait, { leaseMs: 60_000 })).deliveries;
  expect(
    now(consumer.settle(current.map(({ token }) => ({ kind: "ack", token: token ?? 0 }) as const))),
  ).toEqual(current.map(() => "settled"));
  await port.destroy();
});
