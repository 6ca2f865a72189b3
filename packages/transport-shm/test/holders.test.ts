// Processes that are stopped or killed with a lock in their hands, at every named instant.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { BufferPort } from "@sluice/core";
import { describe, expect, test } from "vitest";
import { geometryOf, Word } from "../dist/region-layout.js";
import { Actor } from "./support/actor.js";
import { Folder, noWait, now, until, waiting } from "./support/ports.js";
import { isStopped } from "./support/processes.js";

const PUT_POINTS = ["shm.before-put-commit", "shm.after-put-commit", "shm.before-unlock"];
const TAKE_POINTS = [
  "shm.before-take-commit",
  "shm.after-take-commit",
  "shm.after-take-apply",
  "shm.before-unlock",
];

const text = (item: Uint8Array) => Buffer.from(item).toString();

async function filled(folder: Folder, count: number, lockWaitMs?: number): Promise<BufferPort> {
  const port = await folder.create({ capacity: 5, failuresMax: 10 }, lockWaitMs);
  const producer = await port.producer();
  const items = Array.from({ length: count }, (_, i) => Buffer.from(`item-${i + 1}`));
  if (count > 0) expect((await producer.offer(1, items, noWait)).accepted).toBe(count);
  return port;
}

async function takeAll(port: BufferPort): Promise<string[]> {
  const consumer = await port.consumer();
  const taken: string[] = [];
  for (;;) {
    const { deliveries } = await consumer.poll(10, noWait);
    if (deliveries.length === 0) return taken;
    taken.push(...deliveries.map(({ item }) => text(item)));
  }
}

/** The ledger, and that the region's locks are free. */
async function expectSound(port: BufferPort): Promise<void> {
  const counts = await port.counts();
  const { produced, consumed, ready, leased, parked, dead, discarded } = counts;
  expect(produced).toBe(consumed + ready + leased + parked + dead + discarded);
  expect(ready + leased + parked).toBeLessThanOrEqual(port.spec.capacity);
}

describe("killed in a put", () => {
  test.each(PUT_POINTS)("at %s: the item is in, or is not, and others go on at once", async (point) => {
    using folder = new Folder();
    const port = await filled(folder, 2);
    const victim = await Actor.on(port.address);
    await victim.dieAt(point, "put", "item-3");
    const producer = await port.producer();
    expect(now(producer.offer(1, [Buffer.from("item-4")], noWait)).state).toBe("open");
    await expectSound(port);
    const isIn = point !== "shm.before-put-commit";
    expect(await takeAll(port)).toEqual(["item-1", "item-2", ...(isIn ? ["item-3"] : []), "item-4"]);
    await port.destroy();
  });
});

describe("killed in a take", () => {
  test.each(TAKE_POINTS)("at %s: the item is taken, or is still there", async (point) => {
    using folder = new Folder();
    const port = await filled(folder, 3);
    const victim = await Actor.on(port.address);
    await victim.dieAt(point, "take");
    await expectSound(port);
    const isTaken = point !== "shm.before-take-commit";
    expect(await takeAll(port)).toEqual([...(isTaken ? [] : ["item-1"]), "item-2", "item-3"]);
    expect((await port.counts()).consumed).toBe(3);
    await port.destroy();
  });
});

test("room that the dead have not told of is found by whoever finds the buffer full", async () => {
  using folder = new Folder();
  const port = await filled(folder, 5);
  const producer = await port.producer();
  expect((await producer.offer(1, [Buffer.from("item-6")], noWait)).state).toBe("full");
  const victim = await Actor.on(port.address);
  await victim.dieAt("shm.after-take-commit", "take");
  // Nobody takes, waits or counts here: there are only tries to put.
  await until(
    async () => (await producer.offer(1, [Buffer.from("item-6")], noWait)).accepted === 1,
    "a try succeeds",
  );
  await expectSound(port);
  await port.destroy();
});

describe("killed in a lease", () => {
  test.each(TAKE_POINTS)("at %s: the item comes again, with a failure if it was leased", async (point) => {
    using folder = new Folder();
    const port = await filled(folder, 3);
    const victim = await Actor.on(port.address);
    await victim.dieAt(point, "lease", 600_000);
    const consumer = await port.consumer();
    const seen: [string, number, number][] = [];
    await until(async () => {
      const { deliveries } = await consumer.poll(1, waiting(1000), { leaseMs: 60_000 });
      for (const one of deliveries) {
        seen.push([text(one.item), one.deliveries, one.failures]);
        await consumer.settle([{ kind: "ack", token: one.token ?? "" }]);
      }
      return seen.length === 3;
    }, "all three items come out");
    const isLeased = point !== "shm.before-take-commit";
    // Whoever comes meanwhile gets the others first: nobody waits for a death.
    expect(seen.sort()).toEqual([
      ["item-1", isLeased ? 2 : 1, isLeased ? 1 : 0],
      ["item-2", 1, 0],
      ["item-3", 1, 0],
    ]);
    await expectSound(port);
    await port.destroy();
  });
});

describe("killed in a settlement", () => {
  const settlements = [
    { kind: "ack" },
    { kind: "nack", reason: "no", delayMs: 0 },
    { kind: "nack", reason: "later", delayMs: 1 },
    { kind: "release" },
    { kind: "bury", reason: "bad" },
  ];
  const cases = settlements.flatMap((settlement) => TAKE_POINTS.map((point) => [settlement, point] as const));
  test.each(cases)("%j at %s: done, or not, and nothing is lost", async (settlement, point) => {
    using folder = new Folder();
    const port = await filled(folder, 2);
    const victim = await Actor.on(port.address);
    const { token } = await victim.call<{ token: number }>("lease", 600_000);
    await victim.dieAt(point, "settle", { ...settlement, token });
    const consumer = await port.consumer();
    const seen: string[] = [];
    const expected = settlement.kind === "ack" && point !== "shm.before-take-commit" ? 1 : 2;
    await until(async () => {
      const { deliveries } = await consumer.poll(1, waiting(500));
      seen.push(...deliveries.map(({ item }) => text(item)));
      const { dead } = await port.counts();
      return seen.length + dead === expected;
    }, `${expected} items are accounted for`);
    await expectSound(port);
    expect((await port.counts()).leased).toBe(0);
    await port.destroy();
  });
});

describe("killed in a requeue, which has both locks", () => {
  test.each(TAKE_POINTS)("at %s: the letter is at the tail, or still dead", async (point) => {
    using folder = new Folder();
    const port = await filled(folder, 3);
    const consumer = await port.consumer();
    const [first] = (await consumer.poll(1, noWait, { leaseMs: 60_000 })).deliveries;
    await consumer.settle([{ kind: "bury", token: first?.token ?? "", reason: "bad" }]);
    const victim = await Actor.on(port.address);
    await victim.dieAt(point, "requeue", 1);
    // A put first: it must not take the place of a letter whose requeue has committed and is not applied yet.
    const producer = await port.producer();
    expect((await producer.offer(1, [Buffer.from("item-4")], noWait)).accepted).toBe(1);
    await expectSound(port);
    const isRequeued = point !== "shm.before-take-commit";
    expect((await port.counts()).dead).toBe(isRequeued ? 0 : 1);
    expect(await takeAll(port)).toEqual(["item-2", "item-3", ...(isRequeued ? ["item-1"] : []), "item-4"]);
    await port.destroy();
  });
});

describe("killed in a seal", () => {
  test.each([false, true])("with discard %s: it holds, for everyone", async (discard) => {
    using folder = new Folder();
    const port = await filled(folder, 3);
    const victim = await Actor.on(port.address);
    await victim.dieAt("shm.after-seal", "seal", discard);
    const counts = await port.counts();
    expect([counts.sealed, counts.ready, counts.discarded]).toEqual([true, discard ? 0 : 3, discard ? 3 : 0]);
    const producer = await port.producer();
    expect((await producer.offer(1, [Buffer.from("late")], noWait)).state).toBe("sealed");
    await port.destroy();
  });
});

describe("stopped with the lock", () => {
  const cases: [string, string, (port: BufferPort) => Promise<unknown>][] = [
    [
      "shm.before-put-commit",
      "put",
      async (port) => (await port.producer()).offer(1, [Buffer.from("x")], noWait),
    ],
    ["shm.after-put-commit", "put", async (port) => port.counts()],
    ["shm.before-take-commit", "take", async (port) => (await port.consumer()).poll(1, noWait)],
    ["shm.after-take-commit", "take", async (port) => port.counts()],
    ["shm.before-put-commit", "put", async (port) => port.seal({ discard: false })],
  ];
  test.each(cases)(
    "at %s of a %s: others hear BUFFER_BUSY, naming it, and all is well when it goes on",
    async (point, call, rival) => {
      using folder = new Folder();
      const port = await filled(folder, 2, 50);
      using sleeper = await Actor.on(port.address);
      await sleeper.call("arm", point, "SIGSTOP");
      const answer = sleeper.call(call, "item-3");
      await until(() => isStopped(sleeper.child.pid ?? 0), "it stops itself");
      await expect(rival(port)).rejects.toThrow(
        expect.objectContaining({
          code: "BUFFER_BUSY",
          effect: "none",
          message: expect.stringContaining(`process ${sleeper.child.pid}`),
        }),
      );
      sleeper.child.kill("SIGCONT");
      const came = await answer;
      await expectSound(port);
      const rest = await takeAll(port);
      expect(call === "put" ? [came, ...rest] : [...rest]).toEqual(
        call === "put" ? ["open", "item-1", "item-2", "item-3"] : ["item-2"],
      );
      await port.destroy();
    },
  );
});

test("what others do on the other side does not keep the answer back", async () => {
  using folder = new Folder();
  const port = await folder.create({ capacity: 1000 }, 50);
  const consumer = await port.consumer();
  const producer = await port.producer();
  using sleeper = await Actor.on(port.address);
  await sleeper.call("arm", "shm.before-unlock", "SIGSTOP");
  sleeper.call("take").catch(() => {});
  await until(() => isStopped(sleeper.child.pid ?? 0), "it stops itself");
  let sequence = 0;
  const put = () => {
    sequence += now(producer.offer(sequence + 1, [Buffer.from("x")], noWait)).accepted;
  };
  const puts = setInterval(put, 20);
  // For as long as there are puts.
  await expect(async () => consumer.poll(1, noWait)).rejects.toThrow(
    expect.objectContaining({
      code: "BUFFER_BUSY",
      message: expect.stringContaining(`process ${sleeper.child.pid}`),
    }),
  );
  clearInterval(puts);
  await port.destroy();
});

test("a lock that passes from one to another is not held by a stopped process, whatever they do with it", async () => {
  using folder = new Folder();
  const port = await folder.create({}, 50);
  const consumer = await port.consumer();
  const others = [await folder.transport().open(), await folder.transport().open()];
  const geometry = geometryOf(port.spec);
  const words = await folder.words(geometry.regionBytes);
  // Two live participants, in places 2 and 3, with their first incarnation; nobody counts anything.
  let holder = 0;
  words[Word.consumersLock] = (1 << 8) | 2;
  const pass = setInterval(() => {
    holder = 1 - holder;
    words[Word.consumersLock] = (1 << 8) | (2 + holder);
  }, 5);
  const poll = Promise.resolve(consumer.poll(1, noWait));
  await new Promise((resolve) => setTimeout(resolve, 500));
  clearInterval(pass);
  words[Word.consumersLock] = 0;
  expect((await poll).state).toBe("empty");
  for (const other of others) await other.close();
  await port.destroy();
});

test("who waits already when the lock's holder is stopped hears of it at the deadline", async () => {
  using folder = new Folder();
  const port = await folder.create({}, 50);
  const consumer = await port.consumer();
  using sleeper = await Actor.on(port.address);
  await sleeper.call("arm", "shm.before-unlock", "SIGSTOP");
  const poll = Promise.resolve(consumer.poll(1, waiting(1500)));
  poll.catch(() => {});
  sleeper.call("take").catch(() => {});
  await until(() => isStopped(sleeper.child.pid ?? 0), "it stops itself");
  // It is there, and cannot be had.
  expect(now((await port.producer()).offer(1, [Buffer.from("x")], noWait)).accepted).toBe(1);
  await expect(poll).rejects.toThrow(expect.objectContaining({ code: "BUFFER_BUSY", effect: "none" }));
  await port.destroy();
});

test("a wait goes on over a lock that is held for a while", async () => {
  using folder = new Folder();
  const port = await filled(folder, 0, 50);
  const consumer = await port.consumer();
  const poll = consumer.poll(1, waiting(100_000));
  using sleeper = await Actor.on(port.address);
  await sleeper.call("arm", "shm.after-put-commit", "SIGSTOP");
  const answer = sleeper.call("put", "item");
  await until(() => isStopped(sleeper.child.pid ?? 0), "it stops itself");
  await new Promise((resolve) => setTimeout(resolve, 300));
  sleeper.child.kill("SIGCONT");
  expect(await answer).toBe("open");
  expect((await poll).deliveries.map(({ item }) => text(item))).toEqual(["item"]);
  await port.destroy();
});

test("a lock is taken over from the dead once, and free afterwards", async () => {
  using folder = new Folder();
  const port = await filled(folder, 1);
  const victim = await Actor.on(port.address);
  await victim.dieAt("shm.after-take-commit", "take");
  const words = new Int32Array(new Uint8Array(readFileSync(join(folder.root, "region"))).buffer);
  expect(words[Word.consumersLock]).not.toBe(0);
  expect(words[Word.valid]).toBe(1);
  await port.counts();
  const after = new Int32Array(new Uint8Array(readFileSync(join(folder.root, "region"))).buffer);
  expect([after[Word.consumersLock], after[Word.producersLock], after[Word.valid]]).toEqual([0, 0, 0]);
  await port.destroy();
});
