// A store that is kept on behalf of others: bytes without copies, leases that no time ends, and a broker that was killed and
// comes back to what it held.

import { fork } from "node:child_process";
import { once as event } from "node:events";
import { readdirSync, readlinkSync } from "node:fs";
import type { BufferSpec, LeaseToken, Settlement } from "@sluice/core";
import { describe, expect, test } from "vitest";
import {
  type BrokerPort,
  createMemoryStore,
  type HeldProducer,
  LOCK_NAMES,
  type LockName,
  type MemoryStore,
} from "../dist/index.js";
import { forgeOtherBoot, logOf } from "./support/log.js";
import { memoryStoreTransport } from "./support/memory-transport.mjs";
import { openForBrokerAt } from "./support/open-at.mjs";
import { Folder, made, NAME, noWait, now, opened, spec, toValue } from "./support/ports.js";

/** That a store remembers. */
const PRODUCERS_MAX = 10_000;

const identity = {
  capabilities: memoryStoreTransport().capabilities,
  address: { module: "none", transport: NAME, place: null },
};

function stored(settings: Partial<BufferSpec> = {}): MemoryStore {
  return createMemoryStore(NAME, spec(settings));
}

function brokerOf(folder: Folder): Promise<BrokerPort> {
  return openForBrokerAt({ module: "none", transport: NAME, place: { path: folder.place } });
}

/** Of this process. */
function filesOpenIn(path: string): string[] {
  return readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(path);
    } catch {
      return false; // the one by which they are listed
    }
  });
}

function settling(tokens: readonly LeaseToken[], kind: "ack" | "release"): Settlement[] {
  return tokens.map((token) => ({ kind, token }));
}

describe("bytes in memory", () => {
  test("are the very ones that were offered, at each hand-out and among the dead", async () => {
    const broker = stored().openForBroker(identity);
    const [producer, consumer] = [await broker.producer(), await broker.consumer()];
    const mine = Buffer.from("7");
    now(producer.offer(1, [mine], noWait));
    for (let i = 0; i < 2; i++) {
      const [delivery] = now(consumer.poll(1, noWait, { leaseMs: 60_000 })).deliveries;
      expect(delivery?.item).toBe(mine);
      now(consumer.settle(settling([delivery?.token ?? ""], "release")));
    }
    const [leased] = now(consumer.poll(1, noWait, { leaseMs: 60_000 })).deliveries;
    now(consumer.settle([{ kind: "bury", token: leased?.token ?? "", reason: "no" }]));
    expect((await broker.deadLetters.list(1))[0]?.item).toBe(mine);
    await broker.destroy();
  });

  test("have their envelopes beside them", async () => {
    const broker = stored().openForBroker(identity);
    const [producer, consumer] = [await broker.producer(), await broker.consumer()];
    now(producer.offer(1, [Buffer.from("7"), Buffer.from("8")], noWait, [undefined, Buffer.from("of 8")]));
    const { deliveries } = now(consumer.poll(2, noWait, { leaseMs: 60_000 }));
    expect(deliveries.map(({ item }) => toValue(item))).toEqual([7, 8]);
    expect(deliveries.map(({ envelope }) => envelope && Buffer.from(envelope).toString())).toEqual([
      undefined,
      "of 8",
    ]);
    await broker.destroy();
  });

  test("are still copied for a handle beside it that did not ask for them", async () => {
    const store = stored();
    const [broker, other] = [store.openForBroker(identity), store.open(identity)];
    const mine = Buffer.from("7");
    now((await broker.producer()).offer(1, [mine], noWait));
    const [delivery] = now((await other.consumer()).poll(1, noWait, { leaseMs: 60_000 })).deliveries;
    delivery?.item.fill(0);
    expect(toValue(mine)).toBe(7);
    await broker.destroy();
  });
});

describe("a lease without an end", () => {
  test("is told from others, and is settled as they are", async () => {
    const broker = stored().openForBroker(identity);
    const [producer, consumer] = [await broker.producer(), await broker.consumer()];
    now(
      producer.offer(
        1,
        [1, 2, 3].map((value) => Buffer.from(String(value))),
        noWait,
      ),
    );
    const lease = (leaseMs: number) => now(consumer.poll(1, noWait, { leaseMs })).deliveries[0]?.token ?? "";
    const tokens = [lease(60_000), lease(Number.POSITIVE_INFINITY), lease(60_000)] as const;
    expect(now(broker.leases()).map(({ sequence, isEndless }) => [sequence, isEndless])).toEqual([
      [1, false],
      [2, true],
      [3, false],
    ]);
    const extend = (token: LeaseToken, leaseMs: number) => ({ kind: "extend", token, leaseMs }) as const;
    now(consumer.settle([extend(tokens[1], 60_000), extend(tokens[2], Number.POSITIVE_INFINITY)]));
    expect(now(broker.leases()).map(({ isEndless }) => isEndless)).toEqual([false, false, true]);
    expect(now(consumer.settle(settling([tokens[2], tokens[2]], "ack")))).toEqual(["settled", "lost"]);
    expect(now(broker.counts())).toMatchObject({ leased: 2, consumed: 1 });
    await broker.destroy();
  });

  test("is released with the consumer that was handed it, and with the handle", async () => {
    const store = stored();
    const [broker, other] = [store.openForBroker(identity), store.open(identity)];
    now((await broker.producer()).offer(1, [Buffer.from("1"), Buffer.from("2")], noWait));
    const [one, two] = [await broker.consumer(), await broker.consumer()];
    const terms = { leaseMs: Number.POSITIVE_INFINITY };
    for (const consumer of [one, two]) now(consumer.poll(1, noWait, terms));
    now(one.close());
    expect(now(other.counts())).toMatchObject({ leased: 1, ready: 1 });
    await broker.close();
    expect(now(other.counts())).toMatchObject({ leased: 0, ready: 2 });
    await other.destroy();
  });
});

test("a poll hands out no more bytes than its consumer wants together, but always an item", async () => {
  const broker = stored({ capacity: 9 }).openForBroker(identity);
  const [producer, consumer] = [await broker.producer(), await broker.consumer(5)];
  const lengths = [2, 3, 1, 7, 4, 2];
  now(
    producer.offer(
      1,
      lengths.map((length) => Buffer.alloc(length)),
      noWait,
    ),
  );
  const polled: number[][] = [];
  for (let left = lengths.length; left > 0; left -= polled.at(-1)?.length ?? left) {
    const { deliveries } = now(consumer.poll(9, noWait));
    polled.push(deliveries.map(({ item }) => item.byteLength));
  }
  expect(polled).toEqual([[2, 3], [1], [7], [4], [2]]);
  await broker.destroy();
});

test("tells when the next delay has passed, and of no lease", async () => {
  const broker = stored().openForBroker(identity);
  const [producer, consumer] = [await broker.producer(), await broker.consumer()];
  now(producer.offer(1, [Buffer.from("1"), Buffer.from("2"), Buffer.from("3")], noWait));
  const { deliveries } = now(consumer.poll(3, noWait, { leaseMs: 1_000 }));
  expect(now(broker.nextDelayMs())).toBeUndefined();
  for (const [n, delayMs] of [90_000, 60_000].entries())
    now(consumer.settle([{ kind: "nack", token: deliveries[n]?.token ?? "", reason: "no", delayMs }]));
  const next = now(broker.nextDelayMs());
  expect(next).toBeLessThanOrEqual(60_000);
  expect(next).toBeGreaterThan(1_000);
  await broker.destroy();
});

test("many leases fail at once because their holder died, and each goes where its failures lead it", async () => {
  const broker = stored({ failuresMax: 2, deadLettersMax: 1 }).openForBroker(identity);
  const [producer, consumer] = [await broker.producer(), await broker.consumer()];
  now(
    producer.offer(
      1,
      [1, 2, 3].map((value) => Buffer.from(String(value))),
      noWait,
    ),
  );
  const leaseAll = () => now(consumer.poll(3, noWait, { leaseMs: Number.POSITIVE_INFINITY })).deliveries;
  const die = () =>
    now(
      consumer.settle(
        now(broker.leases()).map(({ token }) => ({ kind: "nack", token, reason: "holder died", delayMs: 0 })),
      ),
    );
  leaseAll();
  expect(die()).toEqual(["settled", "settled", "settled"]);
  expect(leaseAll().map(({ failures }) => failures)).toEqual([1, 1, 1]);
  die();
  expect(now(broker.counts())).toMatchObject({ ready: 0, leased: 0, dead: 1, parked: 2 });
  await broker.deadLetters.remove(1);
  expect(await broker.deadLetters.list(5)).toMatchObject([
    { sequence: 2, reason: "holder died", failures: 2 },
  ]);
  await broker.destroy();
});

describe("registrations", () => {
  test("are told, resumed as they are, and refused once there is a newer one", async () => {
    const broker = stored().openForBroker(identity);
    const first = await broker.producer("p");
    now(first.offer(1, [Buffer.from("1")], noWait));
    const anonymous = await broker.producer();
    expect(now(broker.producers())).toEqual<HeldProducer[]>([
      { id: "p", epoch: first.epoch, lastSequence: 1, isNamed: true },
      { id: anonymous.id, epoch: anonymous.epoch, lastSequence: 0, isNamed: false },
    ]);
    const resumed = await broker.resumeProducer("p", first.epoch);
    expect(resumed).toMatchObject({ id: "p", epoch: first.epoch, lastSequence: 1 });
    const items = [Buffer.from("1"), Buffer.from("2")];
    expect(resumed && now(resumed.offer(1, items, noWait)).accepted).toBe(2);
    expect(now(broker.counts()).produced).toBe(2);
    const second = await broker.producer("p");
    expect(second.epoch).toBeGreaterThan(first.epoch);
    expect(await broker.resumeProducer("p", first.epoch)).toBeUndefined();
    expect(await broker.resumeProducer("q", first.epoch)).toBeUndefined();
    expect(() => resumed?.offer(3, items, noWait)).toThrow(
      expect.objectContaining({ code: "HANDLE_CLOSED" }),
    );
    await (await broker.resumeProducer(anonymous.id, anonymous.epoch))?.close();
    expect(now(broker.producers()).map(({ id }) => id)).toEqual(["p"]);
    await broker.destroy();
  });

  test("are bounded: a new one is refused where there are too many, and one that is known is not", async () => {
    const broker = stored().openForBroker(identity);
    const unnamed = await broker.producer();
    for (let n = 1; n < PRODUCERS_MAX; n++) await broker.producer(`p${n}`);
    const full = { code: "STORAGE_FULL", effect: "none" };
    await expect(broker.producer("one more")).rejects.toMatchObject(full);
    await expect(broker.producer()).rejects.toMatchObject(full);
    expect((await broker.producer("p1")).lastSequence).toBe(0);
    now(unnamed.close());
    await broker.producer("one more");
    await broker.destroy();
  });

  test("of another handle are none of its own", async () => {
    const store = stored();
    const [one, other] = [store.openForBroker(identity), store.openForBroker(identity)];
    const { id, epoch } = await one.producer("p");
    expect(await other.resumeProducer(id, epoch)).toBeUndefined();
    expect(now(other.producers())).toEqual([]);
    await one.destroy();
  });
});

interface Held {
  readonly producers: readonly { readonly id: string; readonly epoch: number }[];
  readonly timed: readonly LeaseToken[];
  readonly endless: readonly LeaseToken[];
}

/** A broker in another process puts 1, 2, 3 twice, leases two and two, and is killed. */
async function killedBroker(folder: Folder, lock: LockName): Promise<Held> {
  await made(folder, { capacity: 8 }, "none", lock);
  const child = fork(new URL("./support/broker-victim.mjs", import.meta.url));
  child.send({ module: "none", transport: NAME, place: { path: folder.place } });
  const [held] = (await event(child, "message")) as [Held];
  child.kill("SIGKILL");
  await event(child, "exit");
  return held;
}

describe.each(LOCK_NAMES)("%s: a broker that was killed", (lock) => {
  test("comes back to its leases, and gives back those without an end without a failure", async () => {
    using folder = new Folder();
    const { timed, endless } = await killedBroker(folder, lock);
    const broker = await brokerOf(folder);
    const held = now(broker.leases());
    expect(held.filter((one) => !one.isEndless).map(({ token }) => token)).toEqual(timed);
    expect(held.filter((one) => one.isEndless).map(({ token }) => token)).toEqual(endless);
    const consumer = await broker.consumer();
    expect(now(consumer.settle(settling(endless, "release")))).toEqual(["settled", "settled"]);
    expect(now(consumer.settle(settling(timed, "ack")))).toEqual(["settled", "settled"]);
    expect(now(broker.counts())).toMatchObject({ ready: 4, leased: 0, consumed: 2 });
    const { deliveries } = now(consumer.poll(8, noWait, { leaseMs: 60_000 }));
    expect(deliveries.map(({ sequence, deliveries, failures }) => [sequence, deliveries, failures])).toEqual([
      [3, 2, 0],
      [4, 2, 0],
      [5, 1, 0],
      [6, 1, 0],
    ]);
    expect(now(consumer.settle(settling([...timed, ...endless], "ack")))).toEqual(Array(4).fill("lost"));
    await broker.destroy();
  });

  test("has all that it held after one that let go of it, and nothing was given up", async () => {
    using folder = new Folder();
    const { timed, endless } = await killedBroker(folder, lock);
    const between = await brokerOf(folder);
    between.detach();
    between.detach();
    expect(filesOpenIn(folder.place)).toEqual([]);
    const broker = await brokerOf(folder);
    expect(now(broker.leases()).map(({ token }) => token)).toEqual([...timed, ...endless]);
    await broker.destroy();
  });

  test("goes on with its registrations, anonymous ones among them", async () => {
    using folder = new Folder();
    const { producers } = await killedBroker(folder, lock);
    const broker = await brokerOf(folder);
    expect(now(broker.producers()).map(({ id, epoch }) => ({ id, epoch }))).toEqual(producers);
    for (const { id, epoch } of producers) {
      const producer = await broker.resumeProducer(id, epoch);
      expect(producer).toMatchObject({ id, epoch, lastSequence: 3 });
      const items = [Buffer.from("3"), Buffer.from("4")];
      expect(producer && now(producer.offer(3, items, noWait)).accepted).toBe(2);
    }
    expect(now(broker.counts())).toMatchObject({ produced: 8 });
    await broker.destroy();
  });

  test("is not taken for dead any more by whoever saw it dead", async () => {
    using folder = new Folder();
    const { timed } = await killedBroker(folder, lock);
    // Looks who is dead when it is opened, and says so with its next call.
    const other = await opened(folder);
    const broker = await brokerOf(folder);
    expect(now(other.counts())).toMatchObject({ leased: 4 });
    const consumer = await broker.consumer();
    expect(now(consumer.settle(settling(timed, "ack")))).toEqual(["settled", "settled"]);
    await other.close();
    await broker.destroy();
  });

  test("and does not come back: whoever uses the store without it gets what it held, as failed", async () => {
    using folder = new Folder();
    await killedBroker(folder, lock);
    const other = await opened(folder);
    const { deliveries } = now((await other.consumer()).poll(8, noWait));
    expect(deliveries.map(({ failures }) => failures)).toEqual([1, 1, 1, 1, 0, 0]);
    await other.destroy();
  });

  test("and whose machine was started again: leases have ended by time, but for those without an end", async () => {
    using folder = new Folder();
    const { timed, endless } = await killedBroker(folder, lock);
    forgeOtherBoot(folder);
    const broker = await brokerOf(folder);
    expect(now(broker.leases()).map(({ token }) => token)).toEqual(endless);
    const consumer = await broker.consumer();
    expect(now(consumer.settle(settling(timed, "ack")))).toEqual(["lost", "lost"]);
    expect(now(consumer.settle(settling(endless, "release")))).toEqual(["settled", "settled"]);
    const { deliveries } = now(consumer.poll(8, noWait));
    expect(deliveries.map(({ failures }) => failures)).toEqual([1, 1, 0, 0, 0, 0]);
    await broker.destroy();
  });
});

test.each(LOCK_NAMES)(
  "%s: a broker that was left without close is gone on with, also in the same process",
  async (lock) => {
    using folder = new Folder();
    await made(folder, {}, "none", lock);
    const left = await brokerOf(folder);
    now((await left.producer("p")).offer(1, [Buffer.from("1")], noWait));
    const { deliveries } = now((await left.consumer()).poll(1, noWait, { leaseMs: 60_000 }));
    const broker = await brokerOf(folder);
    const consumer = await broker.consumer();
    expect(now(consumer.settle(settling([deliveries[0]?.token ?? ""], "ack")))).toEqual(["settled"]);
    await broker.destroy();
  },
);

test("a handle that another process goes on with counts its commits on, so that none is taken for another's", async () => {
  using folder = new Folder();
  await killedBroker(folder, "proper-lockfile");
  const turn = () => logOf(folder).state.participants.get("broker")?.lastTurn ?? 0;
  const before = turn();
  const broker = await brokerOf(folder);
  expect(turn()).toBe(before + 1);
  await broker.destroy();
});
