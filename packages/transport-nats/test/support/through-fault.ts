/** Producers and consumers at work on a buffer that three servers keep, while something happens to one of them. */

import { setTimeout as sleep } from "node:timers/promises";
import { consume, insist, sum, until } from "@sluice/test-support";
import { expect } from "vitest";
import type { NatsCluster } from "./cluster.js";
import { made } from "./servers.js";

const PRODUCERS = ["a", "b", "c"];
const ITEMS = 120;
const CAPACITY = 5;
const TYPED = ["TRANSPORT_UNAVAILABLE", "OUTCOME_UNKNOWN", "BUFFER_BUSY", "LEASE_LOST"];

/**
 * Nothing that was accepted is lost, nothing is there twice, and the bound holds.
 *
 * @param fault - when a quarter of the items is through. Once it resolves the servers are whole again.
 * @param before - while there is a buffer, and nobody at work.
 */
export async function throughFault(
  cluster: NatsCluster,
  fault: () => Promise<void>,
  before: () => Promise<void> = async () => {},
): Promise<void> {
  const settings = { capacity: CAPACITY, failuresMax: 1_000 };
  const { buffer, another } = await made(cluster.urls, settings, { replicas: 3 });
  expect(buffer.capabilities.survives).toContain("host-loss");
  await before();
  const consumers = PRODUCERS.map(async () => consume(await another()));
  const producers = PRODUCERS.map(async (name) => insist(await another(), name, ITEMS));
  const all = PRODUCERS.length * ITEMS;
  const watching = await another();
  const stall = longestStall(async () => (await watching.counts()).consumed, all);
  await until(async () => (await buffer.counts()).consumed > all / 4, "a quarter of the items is consumed");
  await fault();
  const faults = (await Promise.all(producers)).flat();
  await insistOn(() => buffer.seal());
  const accounts = await Promise.all(consumers);
  console.log(`The longest time in which nothing was consumed: ${Math.round(await stall)} ms`);
  for (const code of [...faults, ...accounts.flatMap((account) => account.faults)])
    expect(TYPED).toContain(code);
  const { values, unsure } = sum(accounts);
  expect(new Set(values).size, "items that were finished twice").toBe(values.length);
  expect(all - values.length, "items that are missing").toBeLessThanOrEqual(unsure);
  const counts = await buffer.counts();
  expect(counts).toMatchObject({ produced: all, consumed: all, ready: 0, leased: 0, dead: 0 });
  expect(counts.peak).toBeLessThanOrEqual(CAPACITY);
  await buffer.destroy();
}

/** For as long as it takes a cluster to find a leader. */
async function insistOn<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      expect(TYPED).toContain((error as { code?: string }).code);
    }
  }
}

async function longestStall(consumed: () => Promise<number>, all: number): Promise<number> {
  let [longest, last, since] = [0, 0, performance.now()];
  while (last < all) {
    const now = await insistOn(consumed);
    if (now > last) {
      longest = Math.max(longest, performance.now() - since);
      since = performance.now();
    }
    last = now;
    await sleep(20);
  }
  return longest;
}
